// Three small drawings on canvas; each takes its data and draws all of itself.

function prepared(canvas) {
  const scale = window.devicePixelRatio || 1, width = canvas.clientWidth, height = canvas.clientHeight;
  if (canvas.width !== Math.round(width * scale) || canvas.height !== Math.round(height * scale)) {
    canvas.width = Math.round(width * scale);
    canvas.height = Math.round(height * scale);
  }
  const pen = canvas.getContext("2d");
  pen.setTransform(scale, 0, 0, scale, 0, 0);
  pen.clearRect(0, 0, width, height);
  pen.font = "11px system-ui, sans-serif";
  pen.lineJoin = "round";
  const style = getComputedStyle(document.documentElement);
  const colour = (name) => style.getPropertyValue(`--${name}`).trim();
  return { pen, width, height, colour };
}

function line(pen, points, colour, thickness = 2) {
  pen.strokeStyle = colour;
  pen.lineWidth = thickness;
  pen.beginPath();
  let down = false;
  for (const point of points) {
    if (point === null) { down = false; continue; }
    down ? pen.lineTo(...point) : pen.moveTo(...point);
    down = true;
  }
  pen.stroke();
}

export function drawWave(canvas, wave, rateHz) {
  const { pen, width, height, colour } = prepared(canvas), floor = height - 18;
  const seconds = rateHz ? wave.length / rateHz : 10;
  pen.fillStyle = colour("quiet");
  for (let second = 0; second <= seconds; second++) {
    const x = (second / seconds) * width;
    line(pen, [[x, 0], [x, floor]], colour("line"), 1);
    if (second % 2 === 0) pen.fillText(`${Math.round(second - seconds)} s`, Math.min(Math.max(x - 10, 0), width - 26), height - 4);
  }
  if (!wave.length) return;
  const peak = Math.max(...wave.map(Math.abs)) || 1;
  line(pen, wave.map((value, index) => [(index / (wave.length - 1)) * width, floor / 2 - (value / peak) * (floor / 2 - 6)]), colour("pulse"));
}

export function drawSpectrum(canvas, bpm, power, chosen) {
  const { pen, width, height, colour } = prepared(canvas), floor = height - 18;
  const low = 40, high = 180, x = (rate) => ((rate - low) / (high - low)) * width;
  pen.fillStyle = colour("quiet");
  for (let rate = 60; rate < high; rate += 30) {
    line(pen, [[x(rate), 0], [x(rate), floor]], colour("line"), 1);
    pen.fillText(String(rate), x(rate) - 9, height - 4);
  }
  line(pen, [[0, floor], [width, floor]], colour("line"), 1);
  if (!bpm.length) return;
  line(pen, bpm.map((rate, index) => [x(rate), floor - power[index] * (floor - 18)]), colour("pulse"));
  if (chosen === null) return;
  pen.fillStyle = colour("ink");
  pen.textAlign = x(chosen) > width - 40 ? "right" : "left";
  pen.fillText(chosen.toFixed(0), x(chosen) + (pen.textAlign === "left" ? 7 : -7), 12);
  pen.textAlign = "left";
}

export function drawTrend(canvas, readings, now) {
  const { pen, width, height, colour } = prepared(canvas), floor = height - 18;
  const span = Math.min(180, Math.max(30, now - (readings[0]?.end_s ?? now)));
  const known = readings.filter((one) => one.bpm !== null && now - one.end_s < span);
  const middle = known.length ? known.reduce((sum, one) => sum + one.bpm, 0) / known.length : 75;
  const reach = Math.max(15, ...known.map((one) => Math.abs(one.bpm - middle) + 5));
  const y = (bpm) => floor / 2 - ((bpm - middle) / reach) * (floor / 2 - 4);
  const x = (at) => width - ((now - at) / span) * width;
  const step = reach > 40 ? 40 : reach > 20 ? 20 : 10;
  pen.fillStyle = colour("quiet");
  for (let bpm = Math.ceil((middle - reach) / step) * step; bpm <= middle + reach; bpm += step) {
    line(pen, [[28, y(bpm)], [width, y(bpm)]], colour("line"), 1);
    pen.fillText(String(bpm), 0, y(bpm) + 4);
  }
  for (let ago = span > 90 ? 60 : 10; ago < span - 5; ago += span > 90 ? 60 : 10)
    pen.fillText(span > 90 ? `-${ago / 60} min` : `-${ago} s`, x(now - ago) - 14, height - 4);
  line(pen, readings.filter((one) => now - one.end_s < span).map((one) => (one.bpm === null || one.provisional ? null : [x(one.end_s), y(one.bpm)])), colour("pulse"));
  pen.fillStyle = colour("bad");
  for (const one of known) if (one.provisional) { pen.beginPath(); pen.arc(x(one.end_s), y(one.bpm), 2, 0, 7); pen.fill(); }
}
