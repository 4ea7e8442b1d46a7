// SPDX-License-Identifier: MIT OR Apache-2.0
'use strict';
'require baseclass';
'require smolsmb.words as words';

const KEY = 'smolsmb.throughput';
const SPAN = 300;
const WIDTH = 600, HEIGHT = 120;

function node(name, attributes, children) {
	const made = document.createElementNS('http://www.w3.org/2000/svg', name);

	for (const key in attributes)
		made.setAttribute(key, attributes[key]);

	(children || []).forEach(child => made.appendChild(child));

	return made;
}

// Throughput over the last five minutes, from the totals that the server counts; kept while the browser's tab is.
return baseclass.extend({
	samples: function() {
		try {
			return JSON.parse(window.sessionStorage.getItem(KEY)) || [];
		}
		catch (e) {
			return [];
		}
	},

	add: function(status) {
		const now = Date.now() / 1000;
		const totals = status.totals || {};
		let samples = this.samples().filter(s => s.t > now - SPAN - 10);

		// A server that was started again counts from zero.
		if (samples.length && samples[samples.length - 1].up > status.uptime)
			samples = [];

		samples.push({ t: now, up: status.uptime, r: totals.bytes_read || 0, w: totals.bytes_written || 0 });
		window.sessionStorage.setItem(KEY, JSON.stringify(samples));

		return samples;
	},

	// Bytes a second between each two samples.
	rates: function(samples) {
		const rates = [];

		for (let n = 1; n < samples.length; n++) {
			const seconds = samples[n].t - samples[n - 1].t;

			if (seconds > 0.2)
				rates.push({
					t: samples[n].t,
					r: Math.max(0, samples[n].r - samples[n - 1].r) / seconds,
					w: Math.max(0, samples[n].w - samples[n - 1].w) / seconds
				});
		}

		return rates;
	},

	render: function(samples) {
		const rates = this.rates(samples);
		const now = Date.now() / 1000;
		const top = Math.max(100000, ...rates.map(p => Math.max(p.r, p.w))) * 1.1;
		const last = rates.length ? rates[rates.length - 1] : { r: 0, w: 0 };
		const x = t => Math.round((1 - (now - t) / SPAN) * WIDTH);
		const y = v => Math.round(HEIGHT - v / top * HEIGHT);
		const path = key => rates.map((p, n) => (n ? 'L' : 'M') + x(p.t) + ' ' + y(p[key])).join('');
		const area = key => rates.length ? path(key) + 'L' + x(last.t || now) + ' ' + HEIGHT + 'L' + x(rates[0].t) + ' ' + HEIGHT + 'Z' : '';
		const label = _('Last five minutes: %s read, %s written now').format(words.rate(last.r), words.rate(last.w));

		const picture = node('svg', { 'viewBox': '0 0 ' + WIDTH + ' ' + HEIGHT, 'preserveAspectRatio': 'none', 'class': 'smb-graph', 'role': 'img', 'aria-label': label }, [
			node('path', { 'd': 'M0 ' + HEIGHT / 2 + 'H' + WIDTH, 'class': 'smb-grid' }),
			node('path', { 'd': area('r'), 'class': 'smb-area smb-read' }),
			node('path', { 'd': area('w'), 'class': 'smb-area smb-write' }),
			node('path', { 'd': path('r'), 'class': 'smb-line smb-read' }),
			node('path', { 'd': path('w'), 'class': 'smb-line smb-write' })
		]);

		return E('div', { 'class': 'smb-throughput' }, [
			E('div', { 'class': 'smb-legend' }, [
				E('span', { 'class': 'smb-read' }, [ '▼ ', _('read by clients'), ' ', E('b', {}, [ words.rate(last.r) ]) ]),
				E('span', { 'class': 'smb-write' }, [ '▲ ', _('written by clients'), ' ', E('b', {}, [ words.rate(last.w) ]) ])
			]),
			picture,
			E('div', { 'class': 'smb-axis' }, [ E('span', {}, [ _('5 min ago') ]), E('span', {}, [ _('scale: %s').format(words.rate(top)) ]), E('span', {}, [ _('now') ]) ])
		]);
	}
});
