// Keeps the browser's secret in a cookie; tells the server where another tab was faster.
export default function ({ data, setStateValue }) {
  const { cookie, secret } = data;
  const found = document.cookie.match(new RegExp(`(?:^|; )${cookie}=([0-9a-f]{32})(?:;|$)`));
  if (found && found[1] !== secret) {
    setStateValue("secret", found[1]);
    return;
  }
  const secure = location.protocol === "https:" ? "; Secure" : "";
  // Written anew at each visit: browsers keep a cookie for at most 400 days.
  document.cookie = `${cookie}=${secret}; Path=/; Max-Age=34560000; SameSite=Strict${secure}`;
}
