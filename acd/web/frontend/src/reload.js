// A page is not loaded anew while it is somebody's telephone in a conversation: that would end it. It is, right after.

export function inCall() {
  const phone = document.querySelector('section[data-phone][data-kind="browser"]');
  return phone !== null && phone.dataset.state !== "idle" && phone.dataset.state !== "ringing";
}

export function reload() {
  if (inCall()) document.addEventListener("phone:state", reload, { once: true });
  else location.reload();
}
