// Fills in where the telephone is, when somebody asks for it. Without it the form works as well.
const button = document.querySelector("#here");
if (button && navigator.geolocation) {
  button.hidden = false;
  button.addEventListener("click", () => {
    button.disabled = true;
    navigator.geolocation.getCurrentPosition(
      ({ coords }) => {
        document.querySelector("#position").value = `${coords.latitude.toFixed(5)},${coords.longitude.toFixed(5)}`;
        button.textContent = button.dataset.done;
      },
      () => { button.textContent = button.dataset.failed; },
      { timeout: 10000, maximumAge: 60000 },
    );
  });
}
