export default function ({ data }) {
  if (window.Plotly || window.plotlyIsLoading) return;
  window.plotlyIsLoading = true;
  const script = document.createElement("script");
  script.src = URL.createObjectURL(new Blob([data], { type: "text/javascript" }));
  script.onload = () => {
    URL.revokeObjectURL(script.src);
    window.dispatchEvent(new Event("plotly-ready"));
  };
  document.head.appendChild(script);
}
