// The reports are whole without this: it says that counting has begun, and prints.

const form = document.querySelector(".report-form");
const counting = document.getElementById("counting");

form?.addEventListener("submit", () => {
  counting.hidden = false;
  form.setAttribute("aria-busy", "true");
});
// Days that are left out are not in the address.
form?.addEventListener("formdata", ({ formData }) => {
  for (const [name, value] of [...formData]) if (value === "") formData.delete(name);
});
addEventListener("pageshow", () => {
  if (counting) counting.hidden = true;
  form?.removeAttribute("aria-busy");
});

for (const button of document.querySelectorAll("[data-prints]")) {
  button.hidden = false;
  button.addEventListener("click", () => print());
}
