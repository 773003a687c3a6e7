// Pictures side by side: the source in place of the results, and frames that are moved together.

export function blink(shown) {
  const figures = [...shown.querySelectorAll("figure:not([data-which^=reference])")];
  const [source, ...rest] = figures.map((figure) => figure.querySelector("img"));
  for (const image of rest) {
    image.dataset.own ??= image.src;
    image.src = image.src === source.src ? image.dataset.own : source.src;
    image.closest("figure").classList.toggle("blinked", image.src === source.src);
  }
}

// A picture that has left the home is said to have.
export function missing(shown) {
  for (const image of shown.querySelectorAll("img")) {
    const tell = () => image.closest("figure").classList.add("lost");
    if (image.complete && !image.naturalWidth) tell();
    image.addEventListener("error", tell);
  }
}

// Every pixel as it is, in frames that the keyboard reaches; and back.
export function pixels(form) {
  const large = form.classList.toggle("pixels");
  for (const frame of form.querySelectorAll(".shown figure")) {
    if (large) frame.tabIndex = 0;
    else frame.removeAttribute("tabindex");
  }
}

// Pictures that are larger than their frame are moved together.
export function together(shown) {
  const frames = [...shown.querySelectorAll("figure")];
  for (const frame of frames)
    frame.addEventListener("scroll", () => {
      for (const other of frames) other.scrollTo(frame.scrollLeft, frame.scrollTop);
    });
}
