// Pictures to the process that serves this page, as JPEG over a WebSocket; its messages back.
const QUALITY = 0.92;

export function open({ face }, { onMessage, onEnd }) {
  const scheme = location.protocol === "https:" ? "wss" : "ws";
  const query = new URLSearchParams(location.search);
  if (face) query.set("face", face);  // until one is chosen here, the server's own choice stands
  const socket = new WebSocket(`${scheme}://${location.host}/frames?${query}`);
  let sending = Promise.resolve(), closed = false;
  socket.binaryType = "arraybuffer";
  socket.onmessage = (event) => { if (!closed) onMessage(JSON.parse(event.data)); };
  const ready = new Promise((opened, failed) => {
    socket.onopen = () => opened(link);
    socket.onclose = (event) => {
      failed(new Error(String(event.reason || event.code)));
      if (!closed) onEnd("lostServer", event.reason || event.code);
    };
  });
  const link = {
    push(canvas, seconds) {
      const jpeg = new Promise((done) => canvas.toBlob(done, "image/jpeg", QUALITY));
      sending = sending.then(async () => send(socket, seconds, await jpeg));  // in the order of capture
    },
    close() {
      closed = true;
      socket.close();
    },
  };
  return ready;
}

async function send(socket, seconds, jpeg) {
  const message = new Uint8Array(8 + jpeg.size);
  new DataView(message.buffer).setFloat64(0, seconds, true);
  message.set(new Uint8Array(await jpeg.arrayBuffer()), 8);
  if (socket.readyState === WebSocket.OPEN) socket.send(message);
}
