// Where the API is, and whether the visitor has to agree that photos go there.

const DEFAULT_PORT = 5000;
const LOOPBACK = ["localhost", "127.0.0.1", "[::1]"];
const ALLOWED = "allowed-apis"; // origins that the visitor agreed to, for this tab

// The API's address: ?api=URL, or the page's own host on the port that the page's server names. What is no http address is
// not used; wrong() hears of it.
export function apiBase(location, port = DEFAULT_PORT, wrong = () => {}) {
  const given = new URLSearchParams(location.search).get("api");
  const own = `${location.protocol}//${location.hostname}:${port}`;
  if (!given) return own;
  try {
    const hasScheme = /^[a-z][a-z\d+.-]*:\/\//i.test(given);
    const url = new URL(hasScheme ? given : `http://${given.replace(/^\/+/, "")}`);
    const isHttp = ["http:", "https:"].includes(url.protocol) && /^(\[[\da-f:.]+\]|[\w.-]+)$/i.test(url.hostname);
    if (!isHttp || url.username || url.password) throw new Error("no http address");
    return (url.origin + url.pathname).replace(/(\/api)?\/*$/, "");
  } catch {
    wrong(given);
    return own;
  }
}

// The port that the page's server wrote into the page.
export const apiPort = () => Number($("meta[name=api-port]").attr("content")) || DEFAULT_PORT;

export function originOf(base) {
  try {
    return new URL(base).origin;
  } catch {
    return base;
  }
}

// Whether it is another machine than the page's own: anybody can write a link with ?api= in it.
export function isForeign(base, location) {
  const host = (address) => {
    try {
      return new URL(address).hostname;
    } catch {
      return address;
    }
  };
  const [own, other] = [location.hostname, host(base)];
  return own !== other && !(LOOPBACK.includes(own) && LOOPBACK.includes(other));
}

function allowed() {
  try {
    return JSON.parse(sessionStorage.getItem(ALLOWED)) ?? [];
  } catch {
    return [];
  }
}

// Nothing is sent to an API before it resolves. The visitor is asked once in a tab, by the banner.
export function agreement(base, location) {
  const origin = originOf(base);
  if (!isForeign(base, location) || allowed().includes(origin)) return Promise.resolve();
  $("#foreign").prop("hidden", false);
  return new Promise((resolve) => {
    $("#foreign-use").on("click", () => {
      $("#foreign").prop("hidden", true);
      try {
        sessionStorage.setItem(ALLOWED, JSON.stringify([...allowed(), origin]));
      } catch {
        // it is asked again after a reload
      }
      resolve();
    });
  });
}
