// Draws the example pictures beside this file. They are ours, from here: node examples/draw.js
import { fileURLToPath } from 'node:url';
import sharp from 'sharp';

const WIDTH = 640;
const HEIGHT = 480;

/** A soft gradient from top to bottom. */
function gradient(id, ...stops) {
  const list = stops.map((color, i) => `<stop offset="${i / (stops.length - 1)}" stop-color="${color}"/>`).join('');
  return `<linearGradient id="${id}" x1="0" y1="0" x2="0" y2="1">${list}</linearGradient>`;
}

/** Film-like grain and a slight blur, so that the drawing has the texture of a photo. */
const GRAIN = `<filter id="grain" x="0" y="0" width="100%" height="100%">
  <feTurbulence type="fractalNoise" baseFrequency="0.8" numOctaves="2" seed="7"/>
  <feColorMatrix values="0 0 0 0 0.5  0 0 0 0 0.5  0 0 0 0 0.5  0.5 0.5 0 0 -0.42"/></filter>
  <filter id="soft"><feGaussianBlur stdDeviation="1.2"/></filter>
  <filter id="haze"><feGaussianBlur stdDeviation="14"/></filter>`;

const clouds = (color) =>
  [
    [120, 80, 130, 26],
    [220, 100, 110, 20],
    [470, 60, 140, 24],
    [560, 85, 90, 18],
    [330, 150, 120, 14],
  ]
    .map(([x, y, rx, ry]) => `<ellipse cx="${x}" cy="${y}" rx="${rx}" ry="${ry}" fill="${color}" filter="url(#haze)"/>`)
    .join('');

const waves = Array.from({ length: 26 }, (_, i) => {
  const y = 300 + i * 7;
  const shift = (i * 53) % 80;
  const path = Array.from({ length: 10 }, (_, _j) => `q 20 ${-3 - (i % 4)} 40 0 t 40 0`).join(' ');
  return `<path d="M ${-shift} ${y} ${path}" fill="none" stroke="${i % 2 ? '#ffffff' : '#0b2f4a'}" stroke-opacity="${0.05 + i * 0.006}" stroke-width="${1 + i * 0.12}"/>`;
}).join('');

const PICTURES = {
  ship: `<defs>${gradient('sky', '#7fa6c9', '#b9cfdf', '#e3e7e4')}${gradient('sea', '#5b87a5', '#2f5f80', '#173c58')}${gradient('hull', '#2b3a4a', '#1b2530', '#7c2320', '#5d1715')}${gradient('house', '#fbfaf6', '#cfd3d4')}${GRAIN}</defs>
    <rect width="640" height="480" fill="url(#sky)"/>${clouds('#f7f9fa')}
    <rect y="292" width="640" height="188" fill="url(#sea)"/>
    <g filter="url(#soft)">
      <path d="M 78 262 L 566 250 Q 560 300 536 330 L 118 332 Q 92 305 78 262 Z" fill="url(#hull)"/>
      <path d="M 78 262 L 566 250 L 565 258 L 80 270 Z" fill="#e9ecec"/>
      <path d="M 132 262 L 136 196 L 262 192 L 264 258 Z" fill="url(#house)"/>
      <path d="M 146 196 L 150 158 L 238 156 L 240 193 Z" fill="url(#house)"/>
      <path d="M 160 158 L 163 132 L 222 131 L 224 156 Z" fill="url(#house)"/>
      <rect x="166" y="138" width="54" height="9" fill="#31424f"/>
      ${[0, 1, 2, 3, 4].map((i) => `<rect x="${156 + i * 17}" y="170" width="11" height="9" fill="#31424f"/><rect x="${144 + i * 23}" y="212" width="14" height="11" fill="#31424f"/><rect x="${144 + i * 23}" y="236" width="14" height="10" fill="#31424f"/>`).join('')}
      <path d="M 204 131 L 206 92 L 240 91 L 243 131 Z" fill="#b3342b"/><path d="M 206 92 L 240 91 L 241 102 L 205 103 Z" fill="#20262b"/>
      ${[0, 1, 2, 3, 4, 5].map((i) => `<rect x="${278 + i * 42}" y="${222 - (i % 3) * 10}" width="40" height="${34 + (i % 3) * 10}" fill="${['#a8553a', '#4f7a8c', '#8b8f70', '#b58a3c', '#5d6f9a', '#9a4a4a'][i]}"/>`).join('')}
      <path d="M 536 250 L 534 176 M 534 190 L 300 214 M 534 182 L 562 250" stroke="#3b444b" stroke-width="3" fill="none"/>
      <path d="M 60 322 Q 320 348 590 320 Q 560 344 330 346 Q 110 346 60 322 Z" fill="#eaf2f4" fill-opacity="0.75"/>
    </g>${waves}`,
  airplane: `<defs>${gradient('sky', '#3f7fc4', '#7eb0e0', '#c3dcf0')}${gradient('body', '#ffffff', '#e6eaee', '#8f9aa5')}${gradient('wing', '#d5dade', '#97a1aa')}${GRAIN}</defs>
    <rect width="640" height="480" fill="url(#sky)"/>${clouds('#ffffff')}<ellipse cx="420" cy="420" rx="260" ry="40" fill="#fff" filter="url(#haze)" opacity="0.8"/>
    <g filter="url(#soft)" transform="rotate(-8 320 240)">
      <path d="M 318 232 L 236 120 L 262 118 L 398 226 Z" fill="#aab3bb"/>
      <path d="M 70 236 Q 60 232 66 224 L 96 216 Q 300 196 500 204 Q 566 208 590 236 Q 596 252 566 262 Q 420 284 250 274 Q 130 264 70 236 Z" fill="url(#body)"/>
      <path d="M 66 226 L 40 130 L 78 130 L 148 212 Z" fill="#2a5fa8"/><path d="M 52 176 L 48 160 L 98 156 L 110 170 Z" fill="#ffffff" opacity="0.85"/>
      <path d="M 92 236 L 30 268 L 56 272 L 160 248 Z" fill="url(#wing)"/>
      <path d="M 300 254 L 196 392 L 232 396 L 412 262 Z" fill="url(#wing)"/>
      <path d="M 296 300 q 40 -10 62 0 q 6 14 -4 24 q -36 10 -62 -2 Z" fill="#5a6670"/>
      <path d="M 240 352 q 34 -8 52 0 q 4 12 -4 20 q -30 8 -52 -2 Z" fill="#5a6670"/>
      ${Array.from({ length: 22 }, (_, i) => `<rect x="${150 + i * 17}" y="${222 - i * 0.2}" width="7" height="8" rx="2" fill="#3b4a59"/>`).join('')}
      <path d="M 548 220 L 576 226 L 582 234 L 556 232 Z" fill="#22303c"/>
      <path d="M 84 244 Q 300 266 590 246" stroke="#2a5fa8" stroke-width="5" fill="none"/>
    </g>`,
  truck: `<defs>${gradient('sky', '#9fbfd6', '#dbe5ea')}${gradient('road', '#77797a', '#505355')}${gradient('box', '#f4f4f0', '#d2d4d2')}${gradient('cab', '#d8413a', '#a3211d')}${GRAIN}</defs>
    <rect width="640" height="480" fill="url(#sky)"/>
    <path d="M 0 300 Q 120 250 260 290 T 640 268 L 640 360 L 0 360 Z" fill="#6f8f63"/><rect y="330" width="640" height="150" fill="url(#road)"/><rect y="440" width="640" height="6" fill="#e4e0c8" opacity="0.7"/>
    <ellipse cx="320" cy="410" rx="270" ry="20" fill="#222" opacity="0.5" filter="url(#haze)"/>
    <g filter="url(#soft)">
      <rect x="66" y="110" width="366" height="238" fill="url(#box)"/><rect x="66" y="110" width="366" height="12" fill="#ffffff"/>${[0, 1, 2, 3, 4, 5, 6].map((i) => `<rect x="${110 + i * 46}" y="124" width="2" height="222" fill="#b6b9b8"/>`).join('')}
      <rect x="60" y="346" width="500" height="24" fill="#33383c"/>
      <path d="M 440 366 L 440 176 Q 440 166 452 166 L 520 166 Q 534 168 542 186 L 572 270 Q 580 280 580 300 L 580 366 Z" fill="url(#cab)"/>
      <path d="M 466 190 L 516 190 Q 524 192 528 202 L 548 264 L 466 264 Z" fill="#9cc3d6"/><path d="M 476 190 L 500 190 L 478 264 L 466 264 Z" fill="#d9ecf3" opacity="0.7"/>
      <rect x="560" y="304" width="22" height="24" fill="#f8e9b0"/><rect x="548" y="346" width="40" height="22" fill="#2c3033"/>
      ${[132, 214, 506].map((x) => `<circle cx="${x}" cy="376" r="38" fill="#1c1e20"/><circle cx="${x}" cy="376" r="19" fill="#b9bec1"/><circle cx="${x}" cy="376" r="7" fill="#5b6063"/>`).join('')}
    </g>`,
  automobile: `<defs>${gradient('sky', '#a9c6da', '#e6edf0')}${gradient('road', '#85888a', '#5a5d5f')}${gradient('paint', '#e0463c', '#b8231d', '#7d1411')}${gradient('glass', '#bcd7e4', '#5d7f92')}${GRAIN}</defs>
    <rect width="640" height="480" fill="url(#sky)"/><path d="M 0 250 Q 160 210 330 240 T 640 226 L 640 320 L 0 320 Z" fill="#7c9a70"/><rect y="300" width="640" height="180" fill="url(#road)"/>
    <ellipse cx="320" cy="392" rx="270" ry="22" fill="#111" opacity="0.6" filter="url(#haze)"/>
    <g filter="url(#soft)">
      <path d="M 52 356 Q 44 300 74 284 Q 130 264 182 258 Q 228 190 300 182 L 388 184 Q 440 190 484 256 Q 566 264 590 294 Q 602 330 592 358 Q 580 372 560 372 L 84 372 Q 60 372 52 356 Z" fill="url(#paint)"/>
      <path d="M 206 258 Q 244 206 298 200 L 318 200 L 320 258 Z" fill="url(#glass)"/><path d="M 332 200 L 384 202 Q 424 208 456 258 L 334 258 Z" fill="url(#glass)"/>
      <path d="M 326 196 L 328 360" stroke="#7d1411" stroke-width="3"/><path d="M 70 316 Q 320 300 590 316" stroke="#f08a80" stroke-width="3" fill="none" opacity="0.7"/>
      <ellipse cx="578" cy="308" rx="16" ry="12" fill="#fdf3cf"/><rect x="52" y="300" width="20" height="18" rx="5" fill="#f2b7a8"/><rect x="346" y="278" width="30" height="6" rx="3" fill="#e9d7d4"/>
      ${[164, 478].map((x) => `<circle cx="${x}" cy="366" r="46" fill="#1a1c1e"/><circle cx="${x}" cy="366" r="28" fill="#c5cacd"/>${[0, 72, 144, 216, 288].map((a) => `<rect x="${x - 4}" y="340" width="8" height="26" fill="#7b8185" transform="rotate(${a} ${x} 366)"/>`).join('')}<circle cx="${x}" cy="366" r="8" fill="#4c5154"/>`).join('')}
    </g>`,
};

for (const [name, scene] of Object.entries(PICTURES)) {
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${HEIGHT}">${scene}<rect width="${WIDTH}" height="${HEIGHT}" filter="url(#grain)" opacity="0.18"/></svg>`;
  await sharp(Buffer.from(svg))
    .flatten()
    .jpeg({ quality: 82, mozjpeg: true })
    .toFile(fileURLToPath(new URL(`${name}.jpg`, import.meta.url)));
}
