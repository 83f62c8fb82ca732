// Keys, mouse and fingers as one wish: where to go and how the head turns.
const TURN_PER_PIXEL = 0.0024;
const MOVE_KEYS: Record<string, readonly [number, number]> = {
  KeyW: [0, -1], ArrowUp: [0, -1], KeyS: [0, 1], ArrowDown: [0, 1],
  KeyA: [-1, 0], ArrowLeft: [-1, 0], KeyD: [1, 0], ArrowRight: [1, 0],
}; // prettier-ignore

export class Input {
  /** to the right and backwards, each -1..1 */
  right = 0;
  back = 0;
  isRunning = false;
  private readonly held = new Set<string>();
  private stickRight = 0;
  private stickBack = 0;

  constructor(
    private readonly canvas: HTMLCanvasElement,
    stick: HTMLElement,
    private readonly turn: (yaw: number, pitch: number) => void,
    private readonly isWalking: () => boolean,
    private readonly wake: () => void,
  ) {
    addEventListener("keydown", (event) => this.key(event, true));
    addEventListener("keyup", (event) => this.key(event, false));
    addEventListener("blur", () => this.release());
    document.addEventListener("visibilitychange", () => this.release());
    this.listenToLook();
    this.listenToStick(stick);
  }

  release(): void {
    this.held.clear();
    this.stickRight = this.stickBack = 0;
    this.update();
  }

  private key(event: KeyboardEvent, down: boolean): void {
    const typing = event.target instanceof Element && event.target.closest("input, select, textarea, dialog, [role=toolbar], summary");
    if (down && (typing || !this.isWalking() || event.ctrlKey || event.metaKey || event.altKey)) return;
    if (!(event.code in MOVE_KEYS) && !event.code.startsWith("Shift")) return;
    if (down) this.held.add(event.code);
    else this.held.delete(event.code);
    if (down && event.code.startsWith("Arrow")) event.preventDefault();
    this.update();
  }

  private update(): void {
    let right = this.stickRight;
    let back = this.stickBack;
    for (const code of this.held) {
      right += MOVE_KEYS[code]?.[0] ?? 0;
      back += MOVE_KEYS[code]?.[1] ?? 0;
    }
    const length = Math.max(1, Math.hypot(right, back));
    this.right = right / length;
    this.back = back / length;
    this.isRunning = this.held.has("ShiftLeft") || this.held.has("ShiftRight");
    this.wake();
  }

  /** Dragging turns the head; a click without a drag locks the pointer, then every movement does. */
  private listenToLook(): void {
    const { canvas } = this;
    let looking: number | null = null;
    let x = 0;
    let y = 0;
    let travelled = 0;
    canvas.addEventListener("pointerdown", (event) => {
      if (!this.isWalking() || looking !== null || event.button !== 0) return;
      looking = event.pointerId;
      [x, y, travelled] = [event.clientX, event.clientY, 0];
      canvas.setPointerCapture(event.pointerId);
    });
    canvas.addEventListener("pointermove", (event) => {
      const locked = document.pointerLockElement === canvas;
      if (!this.isWalking() || (!locked && event.pointerId !== looking)) return;
      // Fingers and dragging mice pull the world along; a locked mouse turns the head.
      const sign = locked ? -1 : 1.4;
      const dx = locked ? event.movementX : event.clientX - x;
      const dy = locked ? event.movementY : event.clientY - y;
      [x, y] = [event.clientX, event.clientY];
      travelled += Math.abs(dx) + Math.abs(dy);
      this.turn(dx * TURN_PER_PIXEL * sign, dy * TURN_PER_PIXEL * sign);
    });
    const end = (event: PointerEvent): void => {
      if (event.pointerId !== looking) return;
      looking = null;
      if (event.type === "pointerup" && event.pointerType === "mouse" && travelled < 4 && !document.pointerLockElement) {
        // It refuses where the page lost focus or the last lock ended a moment ago; dragging works all the same.
        void Promise.resolve(canvas.requestPointerLock()).catch(() => undefined);
      }
    };
    canvas.addEventListener("pointerup", end);
    canvas.addEventListener("pointercancel", end);
  }

  private listenToStick(stick: HTMLElement): void {
    const knob = stick.firstElementChild as HTMLElement;
    let finger: number | null = null;
    const show = (): void => {
      knob.style.transform = `translate(${this.stickRight * 34}px, ${this.stickBack * 34}px)`;
      this.update();
    };
    const move = (event: PointerEvent): void => {
      if (event.pointerId !== finger) return;
      const box = stick.getBoundingClientRect();
      const right = (event.clientX - box.left - box.width / 2) / (box.width / 2);
      const back = (event.clientY - box.top - box.height / 2) / (box.height / 2);
      const length = Math.max(1, Math.hypot(right, back));
      [this.stickRight, this.stickBack] = [right / length, back / length];
      show();
    };
    stick.addEventListener("pointerdown", (event) => {
      finger = event.pointerId;
      stick.setPointerCapture(event.pointerId);
      move(event);
    });
    stick.addEventListener("pointermove", move);
    for (const kind of ["pointerup", "pointercancel"] as const) {
      stick.addEventListener(kind, (event) => {
        if (event.pointerId !== finger) return;
        finger = null;
        this.stickRight = this.stickBack = 0;
        show();
      });
    }
  }
}
