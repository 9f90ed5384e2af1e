import { label, t } from "./i18n.js";

async function enter(token) {
  const response = await fetch("/api/login", { method: "POST", body: token });
  if (response.ok) location.replace("/");
  else document.getElementById("wrong").textContent = t("token_void");
}

label();
document.getElementById("form").addEventListener("submit", (event) => {
  event.preventDefault();
  // Whole addresses are pasted as well as tokens.
  enter(document.getElementById("token").value.trim().replace(/^.*#/, ""));
});
const given = location.hash.slice(1);
if (given) {
  history.replaceState(null, "", "/login");
  enter(given);
}
