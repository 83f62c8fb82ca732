// The HTTP service, as the page needs it: what may be asked for, one job at a time, its progress.

export interface Field {
  name: string;
  type: "integer" | "number" | "string";
  default: number | string | null;
  meaning: string;
  minimum?: number;
  maximum?: number;
  unit?: string;
  nullable?: boolean;
  choices?: (number | string)[];
}

export interface Catalogue {
  fields: Field[];
  profiles: Record<string, unknown>;
}

interface Asset {
  sha256: string;
  bytes: number;
  url: string;
}

export interface Job {
  id: string;
  status: "queued" | "running" | "done" | "failed" | "cancelled";
  stage: string | null;
  progress: number | null;
  ahead?: number;
  spec: Record<string, unknown>;
  assets: { glb?: Asset; preview?: Asset; manifest?: Asset };
  error: { code: string; title?: string; detail?: string } | null;
  links: { self: string; events: string };
}

export interface Step {
  stage: string | null;
  progress: number | null;
}

/** The service refused. `pointer` is the place in the request that it dislikes. */
export class Refusal extends Error {
  constructor(
    readonly status: number,
    message: string,
    readonly pointer: string,
  ) {
    super(message);
  }
}

/** The person's answer, or null where they give none. */
type AskToken = () => Promise<string | null>;

/** A file on its way. */
export class Download {
  /** told the share that has come */
  tell: (share: number) => void = () => undefined;
  readonly data: Promise<ArrayBuffer>;

  constructor(answer: Promise<Response>) {
    this.data = answer.then((given) => readAll(given, (share) => this.tell(share)));
    this.data.catch(() => undefined); // told where it is awaited
  }
}

const TOKEN_KEY = "seedscape-token";
const POLL_MS = 1500;

export class Service {
  private nameAsker: (ask: AskToken) => void = () => undefined;
  private readonly asker = new Promise<AskToken>((name) => (this.nameAsker = name));

  /** Who is asked for a token; until there is somebody, what needs one waits. */
  set askToken(ask: AskToken) {
    this.nameAsker(ask);
  }

  async catalogue(): Promise<Catalogue> {
    return (await this.fetch("/v1/spec")).json() as Promise<Catalogue>;
  }

  async create(spec: Record<string, unknown>, profile: string, signal?: AbortSignal): Promise<Job> {
    const body = JSON.stringify({ spec, profile, preview: true });
    const answer = await this.fetch("/v1/environments", { method: "POST", body, headers: { "content-type": "application/json" }, signal: signal ?? null });
    return (await answer.json()) as Job;
  }

  /** Tell of each step; the job once it has ended. Where the stream breaks off, it is asked for instead. */
  async follow(job: Job, tell: (step: Step) => void, signal: AbortSignal): Promise<Job> {
    if (isEnded(job)) return job;
    try {
      const answer = await this.fetch(job.links.events, { signal, headers: { accept: "text/event-stream" } });
      const last = await new Promise<Job | null>((end, fail) => {
        const read = (event: string, data: string): void => {
          if (event === "progress") tell(JSON.parse(data) as Step);
          if (event === "end") end(JSON.parse(data) as Job);
        };
        readEvents(answer.body!, read).then(() => end(null), fail);
      });
      if (last) return last;
    } catch (error) {
      if (signal.aborted || (error instanceof Refusal && error.status !== 503)) throw error;
    }
    for (;;) {
      await new Promise((go) => setTimeout(go, POLL_MS));
      const now = (await (await this.fetch(job.links.self, { signal })).json()) as Job;
      tell(now);
      if (isEnded(now)) return now;
    }
  }

  async cancel(job: Job): Promise<void> {
    await this.fetch(job.links.self, { method: "DELETE" });
  }

  download(url: string, signal?: AbortSignal): Download {
    return new Download(this.fetch(url, { signal: signal ?? null }));
  }

  private async fetch(url: string, init: RequestInit = {}): Promise<Response> {
    for (;;) {
      const headers = new Headers(init.headers);
      const token = sessionStorage.getItem(TOKEN_KEY);
      if (token) headers.set("authorization", `Bearer ${token}`);
      const answer = await fetch(url, { ...init, headers });
      if (answer.ok) return answer;
      if (answer.status === 401) {
        sessionStorage.removeItem(TOKEN_KEY);
        const given = await (await this.asker)();
        if (given === null) throw new Refusal(401, "The service wants a token.", "");
        sessionStorage.setItem(TOKEN_KEY, given);
        continue;
      }
      throw await refusal(answer);
    }
  }
}

/** The body of an answer, with the share that has come. */
export async function readAll(answer: Response, tell: (share: number) => void): Promise<ArrayBuffer> {
  const total = Number(answer.headers.get("content-length") ?? 0);
  if (!total || !answer.body || answer.headers.has("content-encoding")) return answer.arrayBuffer();
  const whole = new Uint8Array(total);
  let at = 0;
  const reader = answer.body.getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    if (at + value.length > total) throw new Error("the answer is longer than it said");
    whole.set(value, at);
    at += value.length;
    tell(at / total);
  }
  if (at < total) throw new Error("the connection broke off");
  return whole.buffer;
}

function isEnded(job: Job): boolean {
  return job.status === "done" || job.status === "failed" || job.status === "cancelled";
}

async function refusal(answer: Response): Promise<Refusal> {
  let problem: { title?: string; detail?: string; pointer?: string } = {};
  try {
    problem = (await answer.json()) as typeof problem;
  } catch {
    // not one of ours, e.g. a proxy's page
  }
  const words = problem.detail ?? problem.title ?? `The service answered ${answer.status}.`;
  return new Refusal(answer.status, words, problem.pointer ?? "");
}

/** Server-sent events (HTML standard, section 9.2), as much of them as the service sends; until the stream is closed. */
async function readEvents(body: ReadableStream<Uint8Array>, tell: (event: string, data: string) => void): Promise<void> {
  const reader = body.pipeThrough(new TextDecoderStream() as ReadableWritablePair<string, Uint8Array>).getReader();
  let rest = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    rest += value;
    for (let end = rest.indexOf("\n\n"); end >= 0; end = rest.indexOf("\n\n")) {
      let event = "message";
      let data = "";
      for (const line of rest.slice(0, end).split("\n")) {
        if (line.startsWith("event:")) event = line.slice(6).trim();
        if (line.startsWith("data:")) data += line.slice(5).trim();
      }
      rest = rest.slice(end + 2);
      if (data) tell(event, data);
    }
  }
}
