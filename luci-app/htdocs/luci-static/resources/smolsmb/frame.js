// SPDX-License-Identifier: MIT OR Apache-2.0
'use strict';
'require baseclass';
'require ui';
'require smolsmb.backend as backend';
'require smolsmb.words as words';

function mistakes(list) {
	return list.length ? [ E('ul', {}, list.map(text => E('li', {}, [ text ]))) ] : [];
}

// What every page has: the style, and above it all whether the server runs, or why not in its own words.
return baseclass.extend({
	page: function(title, children) {
		return E('div', { 'class': 'smb' }, [ words.style(), E('h2', { 'name': 'content' }, [ title ]) ].concat(children));
	},

	banner: function(state, check) {
		const status = state.status || {};
		const errors = (check && check.mistakes) || status.mistakes || [];

		if (state.running)
			return E('div', { 'class': 'smb-banner smb-good', 'role': 'status' }, [
				E('div', {}, [
					E('strong', {}, [ _('Running as %s').format(status.name) ]), ' ',
					E('small', {}, [ _('for %s, version %s').format(words.duration(status.uptime || 0), status.version || '') ])
				].concat(mistakes(errors))),
				words.copyable('\\\\' + (status.name || window.location.hostname))
			]);

		const start = E('button', { 'class': 'btn cbi-button cbi-button-action' }, [ _('Start the server') ]);

		start.addEventListener('click', ui.createHandlerFn(this, () => backend.start()
			.then(() => new Promise(resolve => window.setTimeout(resolve, 1500)))
			.then(() => window.location.reload(), words.failed)));

		const last = ((check && check.log) || '').trim().split('\n').filter(line => line).slice(-2);

		return E('div', { 'class': 'smb-banner smb-bad', 'role': 'alert' }, [
			E('div', {}, [ E('strong', {}, [ _('The server is not running') ]) ].concat(mistakes(errors.concat(errors.length ? [] : last)))),
			check ? start : ''
		]);
	},

	// A table whose cells carry their heading, for narrow screens; titles beginning with > are numbers.
	table: function(titles, rows, none) {
		if (!rows.length)
			return E('div', { 'class': 'smb-empty' }, [ none ]);

		const plain = titles.map(title => title.replace(/^>/, ''));
		const kind = n => titles[n][0] == '>' ? 'smb-number' : '';

		return E('table', { 'class': 'smb-table' }, [
			E('thead', {}, [ E('tr', {}, plain.map((title, n) => E('th', { 'scope': 'col', 'class': kind(n) }, [ title ]))) ]),
			E('tbody', {}, rows.map(row => E('tr', { 'class': row.off ? 'smb-off' : '' }, row.cells.map((cell, n) => {
				const node = E('td', { 'class': plain[n] == '' ? 'smb-actions' : kind(n) }, Array.isArray(cell) ? cell : [ cell ]);

				if (plain[n] != '')
					node.setAttribute('data-title', plain[n]);

				return node;
			}))))
		]);
	},

	button: function(kind, label, handler, spoken) {
		const node = E('button', { 'class': 'btn cbi-button cbi-button-' + kind, 'aria-label': spoken || label }, [ label ]);

		node.addEventListener('click', ui.createHandlerFn(this, handler));

		return node;
	},

	// Asks before something that cannot be taken back.
	sure: function(title, text, label, action) {
		const cancel = E('button', { 'class': 'btn cbi-button' }, [ _('Cancel') ]);
		const yes = E('button', { 'class': 'btn cbi-button cbi-button-negative important' }, [ label ]);

		cancel.addEventListener('click', () => ui.hideModal());
		yes.addEventListener('click', ui.createHandlerFn(this, () => action().then(() => ui.hideModal(), error => {
			ui.hideModal();
			words.failed(error);
		})));

		ui.showModal(null, [ words.style(), E('h4', {}, [ title ]), E('p', {}, [ text ]), E('div', { 'class': 'button-row right' }, [ cancel, ' ', yes ]) ], 'smb-dialog');
		cancel.focus();
	}
});
