// The chart of the sound: level, noise floor, threshold and speech probability over five minutes.

const WIDTH = 600;
const HEIGHT = 160; // of the level; the speech probability is below
const SPEECH = 40;
const GAP = 20;
const SECONDS = 300;
const QUIETEST = -90; // dBFS at the bottom
const NAMES = ['grid', 'speech', 'floor', 'threshold', 'level'];

/** Draws readings into an SVG element, which gets a path for each line. */
export class Chart {
  constructor(svg) {
    this.paths = {};
    for (const name of NAMES) {
      const path = document.createElementNS('http://www.w3.org/2000/svg', 'path');
      path.setAttribute('class', name);
      svg.append(path);
      this.paths[name] = path;
    }
    const lines = [-60, -30].map((level) => `M0 ${height(level)}H${WIDTH}`);
    this.draw('grid', `${lines.join('')}M0 ${HEIGHT}H${WIDTH}M0 ${HEIGHT + GAP + SPEECH}H${WIDTH}`);
  }

  show(readings) {
    const last = readings.at(-1)?.seconds ?? 0;
    const x = (reading) => (WIDTH * (1 - (last - reading.seconds) / SECONDS)).toFixed(1);
    const line = (value) => readings
      .map((each) => [each, value(each)])
      .filter(([, level]) => level !== null && level !== undefined)
      .map(([each, level], index) => `${index ? 'L' : 'M'}${x(each)} ${height(level)}`)
      .join('');
    this.draw('level', line(loudness));
    this.draw('floor', line((each) => each.floor));
    this.draw('threshold', line((each) => each.threshold));
    const bottom = HEIGHT + GAP + SPEECH;
    const top = readings.map((each) => `L${x(each)} ${(bottom - SPEECH * each.speech).toFixed(1)}`);
    this.draw('speech', readings.length ? `M${x(readings[0])} ${bottom}${top.join('')}V${bottom}Z` : '');
  }

  draw(name, path) {
    this.paths[name].setAttribute('d', path);
  }
}

/** Returns the level that the gate compares, if the daemon tells it. */
export function loudness(reading) {
  return reading.loud ?? reading.level;
}

function height(level) {
  return (HEIGHT * Math.min(1, Math.max(0, level / QUIETEST))).toFixed(1);
}
