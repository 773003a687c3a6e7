// The viewer of a pair: slider, side by side with one zoom, blink, difference, changed area, mask.
import { on } from "./keys.js";
import { quarantine, undoLast } from "./quarantine.js";

const viewer = document.querySelector(".viewer");
const out = document.querySelector(".out");
out?.addEventListener("click", () => {
  const kinds = ["row", "source", "recipe", "run"];
  const others = kinds.filter((kind) => out.dataset[`of${kind[0].toUpperCase()}${kind.slice(1)}`]);
  const of = Object.fromEntries(others.map((kind) => [kind, out.dataset[`of${kind[0].toUpperCase()}${kind.slice(1)}`]]));
  quarantine({ kind: "row", value: out.dataset.value, ...of }, null);
});
document.querySelector(".undo")?.addEventListener("click", undoLast);

const FAINT = 2; // A difference of so many of 255 counts as a change.

class Viewer {
  constructor(root) {
    this.root = root;
    this.stage = root.querySelector(".stage");
    this.mode = "slider";
    this.split = 0.5;
    this.zoom = 0; // 0 fits the stage
    this.at = { x: 0.5, y: 0.5 }; // what stands in the middle, as a share of the picture
    this.gain = 8;
    this.masked = false;
    this.flip = false;
  }

  async start() {
    const asked = [this.root.dataset.before, this.root.dataset.after, this.root.dataset.mask];
    [this.before, this.after, this.mask] = await Promise.all(asked.map(load));
    if (!this.before || !this.after) return;
    this.width = this.before.naturalWidth;
    this.height = this.before.naturalHeight;
    this.stage.replaceChildren();
    this.stage.classList.add("drawn");
    this.stage.tabIndex = 0;
    this.stage.setAttribute("role", "img");
    this.panes = [canvas(this.stage), canvas(this.stage)];
    new ResizeObserver(() => this.draw()).observe(this.stage);
    this.listen();
    this.draw();
    this.root.dataset.ready = "yes";
  }

  listen() {
    const drag = (event) => {
      if (!event.buttons) return;
      const box = this.panes[0].getBoundingClientRect();
      if (this.mode === "slider" && !event.shiftKey && !this.zoom) {
        const { left, scale } = this.place(this.panes[0]);
        this.split = clamp((event.clientX - box.left - left) / (this.width * scale));
      } else {
        const { scale } = this.place(this.panes[0]);
        this.at.x = clamp(this.at.x - event.movementX / (this.width * scale));
        this.at.y = clamp(this.at.y - event.movementY / (this.height * scale));
      }
      this.draw();
    };
    this.stage.addEventListener("pointerdown", (event) => {
      this.stage.setPointerCapture(event.pointerId);
      drag(event);
    });
    this.stage.addEventListener("pointermove", drag);
    this.stage.addEventListener(
      "wheel",
      (event) => {
        if (!event.ctrlKey && !this.zoom) return;
        event.preventDefault();
        this.scaled(event.deltaY < 0 ? 1.1 : 1 / 1.1);
      },
      { passive: false },
    );
    for (const button of this.root.querySelectorAll("button[data-mode]"))
      button.addEventListener("click", () => this.show(button.dataset.mode));
    for (const button of this.root.querySelectorAll("[data-zoom]"))
      button.addEventListener("click", () => this.scaled(Number(button.dataset.zoom)));
    const gain = this.root.querySelector(".amplify input");
    gain.addEventListener("input", () => {
      this.gain = Number(gain.value);
      this.root.querySelector(".amplify output").textContent = gain.value;
      this.compared = null;
      this.draw();
    });
    const mask = this.root.querySelector("[data-mask-on]");
    mask?.addEventListener("click", () => {
      this.masked = !this.masked;
      mask.setAttribute("aria-pressed", String(this.masked));
      this.draw();
    });
    on("ArrowLeft", "Slider to the left, or the picture", () => this.move(-1, 0));
    on("ArrowRight", "Slider to the right, or the picture", () => this.move(1, 0));
    on("ArrowUp", "The picture up, when it is larger", () => this.move(0, -1));
    on("ArrowDown", "The picture down, when it is larger", () => this.move(0, 1));
    on(" ", "Before and after, in turns", () => {
      this.flip = !this.flip;
      this.draw();
    });
  }

  move(x, y) {
    if (this.mode === "slider" && !this.zoom && x) this.split = clamp(this.split + x * 0.05);
    else if (this.zoom) this.at = { x: clamp(this.at.x + x * 0.05), y: clamp(this.at.y + y * 0.05) };
    else if (y) scrollBy({ top: y * 120 });
    this.draw();
  }

  scaled(by) {
    if (!by) {
      this.zoom = 0;
      this.at = { x: 0.5, y: 0.5 };
    } else this.zoom = Math.min(16, Math.max(0.1, this.place(this.panes[0]).scale * by));
    this.draw();
  }

  show(mode) {
    this.mode = mode;
    for (const button of this.root.querySelectorAll("button[data-mode]"))
      button.setAttribute("aria-pressed", String(button.dataset.mode === mode));
    this.stage.dataset.mode = mode;
    clearInterval(this.blinking);
    this.flip = false;
    const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
    if (mode === "blink" && !still)
      this.blinking = setInterval(() => {
        this.flip = !this.flip;
        this.draw();
      }, 600);
    this.compared = null;
    this.draw();
  }

  // Where the picture lies on a pane, in CSS px: both panes alike, so that one zoom is for both.
  place(pane) {
    const wide = pane.clientWidth;
    const high = pane.clientHeight;
    const fit = Math.min(wide / this.width, high / this.height);
    const scale = this.zoom || fit;
    return { scale, left: wide / 2 - this.at.x * this.width * scale, top: high / 2 - this.at.y * this.height * scale };
  }

  draw() {
    const two = this.mode === "side by side";
    this.panes[1].hidden = !two;
    const [first, second] = this.panes;
    const draw = (pane, picture, share = 1, from = 0) => this.paint(pane, picture, from, share);
    this.clear(first);
    if (two) {
      this.clear(second);
      draw(first, this.before);
      draw(second, this.after);
    } else if (this.mode === "slider") {
      const picture = this.flip ? [this.after, this.before] : [this.before, this.after];
      draw(first, picture[1]);
      draw(first, picture[0], this.split);
      this.line(first);
    } else if (this.mode === "blink") draw(first, this.flip ? this.after : this.before);
    else draw(first, (this.compared ??= this.compare()));
    this.stage.setAttribute("aria-label", this.says());
  }

  says() {
    if (this.mode === "slider") return `Slider: the left ${Math.round(this.split * 100)} % is before, the rest after`;
    if (this.mode === "blink") return this.flip ? "After" : "Before";
    if (this.mode === "side by side") return "Before at the left, after at the right";
    return this.mode === "difference" ? `The difference, amplified ${this.gain} times` : "The pixels that differ, the others faded";
  }

  clear(pane) {
    const ratio = devicePixelRatio || 1;
    const [wide, high] = [pane.clientWidth * ratio, pane.clientHeight * ratio].map(Math.round);
    if (pane.width !== wide || pane.height !== high) [pane.width, pane.height] = [wide, high];
    const context = pane.getContext("2d");
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.clearRect(0, 0, pane.clientWidth, pane.clientHeight);
    context.imageSmoothingEnabled = this.place(pane).scale < 2;
  }

  paint(pane, picture, from, share) {
    const { scale, left, top } = this.place(pane);
    const context = pane.getContext("2d");
    const wide = this.width * share;
    context.save();
    context.beginPath();
    context.rect(left, top, wide * scale, this.height * scale);
    context.clip();
    context.drawImage(picture, left, top, this.width * scale, this.height * scale);
    if (this.masked && this.mask) {
      context.globalAlpha = 0.45;
      context.drawImage(this.mask, left, top, this.width * scale, this.height * scale);
    }
    context.restore();
  }

  line(pane) {
    const { scale, left, top } = this.place(pane);
    const context = pane.getContext("2d");
    const x = left + this.split * this.width * scale;
    context.fillStyle = "#fff";
    context.fillRect(x - 1.5, top, 3, this.height * scale);
    context.beginPath();
    context.arc(x, top + (this.height * scale) / 2, 12, 0, 7);
    context.fill();
    context.fillStyle = "#1f5f57";
    context.font = "14px system-ui";
    context.textAlign = "center";
    context.textBaseline = "middle";
    context.fillText("↔", x, top + (this.height * scale) / 2);
  }

  // The amplified difference, or the target with all that is equal faded.
  compare() {
    const [one, other] = [this.before, this.after].map((picture) => {
      const context = sheet(this.width, this.height);
      context.drawImage(picture, 0, 0, this.width, this.height);
      return context.getImageData(0, 0, this.width, this.height);
    });
    const made = other.data;
    const grey = this.mode === "changed area";
    let changed = 0;
    for (let i = 0; i < made.length; i += 4) {
      const apart = [0, 1, 2].map((c) => Math.abs(made[i + c] - one.data[i + c]));
      const differs = Math.max(...apart) >= FAINT;
      changed += differs;
      for (let c = 0; c < 3; c++)
        if (!grey) made[i + c] = Math.min(255, apart[c] * this.gain);
        else if (!differs) made[i + c] = 215 + made[i + c] * 0.15;
    }
    const context = sheet(this.width, this.height);
    context.putImageData(other, 0, 0);
    const share = ((100 * changed) / (this.width * this.height)).toFixed(2);
    this.root.querySelector(".measure").textContent = `${share} % of the pixels differ by ${FAINT} of 255 or more`;
    return context.canvas;
  }
}

const clamp = (value) => Math.min(1, Math.max(0, value));

function canvas(stage) {
  const made = document.createElement("canvas");
  stage.append(made);
  return made;
}

function sheet(width, height) {
  const made = document.createElement("canvas");
  [made.width, made.height] = [width, height];
  return made.getContext("2d", { willReadFrequently: true });
}

async function load(path) {
  if (!path) return null;
  const image = new Image();
  image.src = path;
  try {
    await image.decode();
    return image;
  } catch {
    return null;
  }
}

if (viewer) new Viewer(viewer).start();
