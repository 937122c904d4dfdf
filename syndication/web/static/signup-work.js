// Does the small sum that a sign-up costs while many programs sign up, in a worker, and sends the form when it is done.
"use strict";

(() => {
  const form = document.getElementById("work");
  const progress = document.getElementById("progress");
  const button = form.querySelector("button");
  if (!window.Worker) return; // as without JavaScript: the form may be sent after the wait
  button.disabled = true;
  progress.hidden = false;
  document.getElementById("wait").hidden = true;
  const worker = new Worker(form.dataset.worker);
  worker.onmessage = (message) => {
    form.elements.answer.value = message.data;
    progress.textContent = "Done. Sending…";
    button.disabled = false;
    worker.terminate();
    form.requestSubmit(button);
  };
  worker.onerror = () => {
    progress.textContent = "The sum did not work. Please leave this page open for a minute, then press the button.";
    button.disabled = false;
  };
  worker.postMessage({ challenge: form.dataset.challenge, bits: Number(form.dataset.bits) });
  // a page that the browser kept and shows again must not hang on a disabled button
  window.addEventListener("pageshow", (event) => { if (event.persisted) location.reload(); });
})();
