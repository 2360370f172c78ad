export default function ({ data, setStateValue }) {
  const ready = () => {
    window.dispatchEvent(new Event("plotly-ready"));
    setStateValue("ready", true);
  };
  if (window.Plotly) {
    if (data) ready();
    return;
  }
  if (!data || window.plotlyIsLoading) {
    if (!data) setStateValue("ready", false); // another page load: ask for it again
    return;
  }
  window.plotlyIsLoading = true;
  const script = document.createElement("script");
  script.src = URL.createObjectURL(new Blob([data], { type: "text/javascript" }));
  script.onload = () => {
    URL.revokeObjectURL(script.src);
    ready();
  };
  document.head.appendChild(script);
}
