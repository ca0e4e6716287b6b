// Requests to the server that this page came from, and its news.

export class Fault extends Error {
  constructor(message, remedy, page) {
    super(message);
    this.remedy = remedy;
    this.page = page;
  }
}

async function ask(path, options) {
  let answer;
  try {
    answer = await fetch(path, options);
  } catch {
    throw new Fault("The console does not answer.", "Is the platform still up? Start it with `strata up`.");
  }
  if (answer.status === 401) throw new Fault("This address has no token.", "Open the one that `strata console` prints.");
  const found = await answer.json().catch(() => ({ error: `the console answered ${answer.status}`, remedy: "" }));
  if (!answer.ok) throw new Fault(found.error, found.remedy, found.page);
  return found;
}

export const get = (path, query) => ask(query ? `${path}?${new URLSearchParams(query)}` : path);

export const post = (path, value) =>
  ask(path, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(value) });

// Calls back at each change, and with what has become of the connection: live, gone or lost.
export function follow(path, changed, connected) {
  const events = new EventSource(path);
  events.addEventListener("changed", () => {
    connected("live");
    changed();
  });
  events.addEventListener("ping", () => connected("live"));
  events.addEventListener("gone", () => connected("gone"));
  events.addEventListener("error", () => connected("lost"));
  return () => events.close();
}
