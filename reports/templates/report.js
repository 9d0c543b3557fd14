(() => {
  'use strict';
  document.documentElement.classList.add('js');
  const NS = 'http://www.w3.org/2000/svg';
  // The geometry of charts.cpp.
  const W = 340, H = 210, L = 48, R = 12, T = 8, B = 34;
  const charts = JSON.parse(document.getElementById('chart-data').textContent);

  const short = (v) => {
    const a = Math.abs(v);
    return a !== 0 && (a >= 1e7 || a < 1e-4) ? v.toExponential(2) : String(Number(v.toPrecision(4)));
  };
  const images = (v) => v >= 1e6 ? Number((v / 1e6).toFixed(2)) + 'M' : v >= 1e4 ? Number((v / 1e3).toFixed(1)) + 'k' : String(v);
  const tickText = (v) => (Math.abs(v) < 1e-12 ? '0' : Math.abs(v) >= 1e4 && Math.abs(v) < 1e6 ? short(v / 1e3) + 'k' : short(v)).replace('-', '−');
  const element = (name, attributes, text) => {
    const e = document.createElementNS(NS, name);
    for (const key in attributes) e.setAttribute(key, attributes[key]);
    if (text !== undefined) e.textContent = text;
    return e;
  };

  const linearAxis = (low, high) => {
    if (high <= low) { const m = low === 0 ? 1 : Math.abs(low) * 0.1; low -= m; high += m; }
    const rough = (high - low) / 4, power = 10 ** Math.floor(Math.log10(rough)), f = rough / power;
    const step = (f <= 1 ? 1 : f <= 2 ? 2 : f <= 5 ? 5 : 10) * power, ticks = [];
    for (let i = Math.floor(low / step + 1e-9); i <= Math.ceil(high / step - 1e-9); ++i) ticks.push(i * step);
    const a = ticks[0], b = ticks[ticks.length - 1];
    return { ticks, at: (v) => (v - a) / (b - a) };
  };
  const logAxis = (low, high) => {
    const first = Math.floor(Math.log10(low) + 1e-9), last = Math.ceil(Math.log10(high) - 1e-9);
    let ticks = [], a = 10 ** first, b = 10 ** last;
    if (last - first < 2) {
      ticks = linearAxis(low, high).ticks.filter((t) => t > 0);
      a = Math.min(low, ticks[0]); b = ticks[ticks.length - 1];
    } else {
      for (let e = first; e <= last; e += Math.ceil((last - first) / 5)) ticks.push(10 ** e);
    }
    return { ticks, at: (v) => Math.log(v / a) / Math.log(b / a) };
  };

  for (const chart of charts) {
    const figure = document.getElementById(chart.id), svg = figure.querySelector('svg');
    const grid = svg.querySelector('.grid'), marks = svg.querySelector('.marks');
    const readout = figure.querySelector('.readout'), scale = figure.querySelector('.scale');
    const lastImage = Math.max(1, ...chart.series.map((s) => s.x[s.x.length - 1]));
    const left = (x) => L + x / lastImage * (W - L - R);
    const shown = chart.series.map(() => true);
    let log = chart.log;

    const draw = () => {
      const all = chart.series.flatMap((s) => [...(s.lo || s.m), ...(s.hi || s.m)]);
      const axis = (log ? logAxis : linearAxis)(Math.min(...all), Math.max(...all));
      const top = (v) => H - B - axis.at(v) * (H - T - B);
      grid.replaceChildren(...axis.ticks.flatMap((t) => [
        element('path', { class: 'rule', d: `M${L} ${top(t)}H${W - R}` }),
        element('text', { class: 'y', x: L - 6, y: top(t) + 3.5 }, tickText(t))]));
      marks.replaceChildren(...chart.series.map((s) => {
        const g = element('g', { class: 's' + s.colour });
        const points = (ys) => s.x.map((x, i) => left(x).toFixed(1) + ' ' + top(ys[i]).toFixed(1));
        if (s.lo) g.append(element('path', { class: 'band', d: 'M' + [...points(s.hi), ...points(s.lo).reverse()].join('L') + 'Z' }));
        g.append(element('path', { class: 'line', d: 'M' + points(s.m).join('L') }));
        if (s.x.length <= 16) s.x.forEach((x, i) => g.append(element('circle', { cx: left(x), cy: top(s.m[i]), r: 2.2 })));
        return g;
      }));
      show();
    };
    const show = () => [...marks.children].forEach((g, i) => g.setAttribute('visibility', shown[i] ? 'visible' : 'hidden'));

    if (scale) {
      scale.addEventListener('click', () => { log = !log; scale.setAttribute('aria-pressed', String(log)); draw(); });
    }
    for (const key of figure.querySelectorAll('.key')) {
      key.addEventListener('click', () => {
        const i = Number(key.dataset.series);
        shown[i] = !shown[i];
        key.setAttribute('aria-pressed', String(shown[i]));
        show();
      });
    }

    const cursor = element('path', { class: 'cursor', visibility: 'hidden' });
    svg.append(cursor);
    svg.addEventListener('pointermove', (event) => {
      const box = svg.getBoundingClientRect();
      const wanted = ((event.clientX - box.left) / box.width * W - L) / (W - L - R) * lastImage;
      const nearest = (s) => s.x.reduce((best, x, i) => Math.abs(x - wanted) < Math.abs(s.x[best] - wanted) ? i : best, 0);
      const visible = chart.series.filter((s, i) => shown[i]);
      if (!visible.length) return;
      const at = visible[0].x[nearest(visible[0])];
      cursor.setAttribute('d', `M${left(at)} ${T}V${H - B}`);
      cursor.setAttribute('visibility', 'visible');
      readout.textContent = 'at ' + images(at) + ': ' + visible.map((s) => {
        const i = nearest(s), band = s.lo ? ' (' + short(s.lo[i]) + ' to ' + short(s.hi[i]) + ')' : '';
        return (visible.length > 1 ? s.label + ' ' : '') + short(s.m[i]) + band;
      }).join(', ');
    });
    svg.addEventListener('pointerleave', () => { cursor.setAttribute('visibility', 'hidden'); readout.textContent = ''; });
  }

  for (const table of document.querySelectorAll('table.sortable')) {
    const body = table.tBodies[0];
    [...table.tHead.rows[0].cells].forEach((head, column) => {
      head.classList.add('sort');
      head.tabIndex = 0;
      const sort = () => {
        const down = head.getAttribute('aria-sort') === 'ascending';
        for (const other of head.parentNode.cells) other.removeAttribute('aria-sort');
        head.setAttribute('aria-sort', down ? 'descending' : 'ascending');
        const key = (row) => row.cells[column].dataset.value ?? row.cells[column].textContent.trim();
        const compare = (a, b) => {
          const x = key(a), y = key(b), p = Number(x), q = Number(y);
          if (x === '' || x === '·') return 1;
          if (y === '' || y === '·') return -1;
          const order = Number.isNaN(p) || Number.isNaN(q) ? x.localeCompare(y) : p - q;
          return down ? -order : order;
        };
        body.append(...[...body.rows].sort(compare));
      };
      head.addEventListener('click', sort);
      head.addEventListener('keydown', (event) => { if (event.key === 'Enter' || event.key === ' ') { event.preventDefault(); sort(); } });
    });
  }

  const zoom = document.getElementById('zoom');
  for (const image of document.querySelectorAll('.picture img')) {
    image.addEventListener('click', () => { zoom.firstChild.src = image.src; zoom.firstChild.alt = image.alt; zoom.showModal(); });
  }
  zoom.addEventListener('click', () => zoom.close());
})();
