// The theme: the system's until the button says otherwise.
const root = document.documentElement;
const button = document.getElementById("theme");

function isDark() {
  return root.dataset.theme ? root.dataset.theme === "dark"
                            : matchMedia("(prefers-color-scheme: dark)").matches;
}

function name() {
  button.textContent = isDark() ? "Light theme" : "Dark theme";
}

button.hidden = false;
button.addEventListener("click", () => {
  root.dataset.theme = isDark() ? "light" : "dark";
  name();
});
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", name);
name();
