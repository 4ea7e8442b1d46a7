// SPDX-License-Identifier: MIT OR Apache-2.0
'use strict';
'require view';
'require dom';
'require uci';
'require smolsmb.access as access';
'require smolsmb.backend as backend';
'require smolsmb.dialog as dialog';
'require smolsmb.disks as disks';
'require smolsmb.frame as frame';
'require smolsmb.words as words';

return view.extend({
	load: function() {
		return uci.load('smolsmb').then(() => this.ask());
	},

	ask: function() {
		return Promise.all([ backend.status(), backend.disks(), backend.check() ])
			.then(([ state, found, check ]) => ({ state: state, disks: found.disks || [], check: check }));
	},

	render: function(facts) {
		this.body = E('div');
		this.show(facts);

		return frame.page(_('Network Shares'), [ this.body ]);
	},

	refresh: function() {
		return this.ask().then(facts => this.show(facts));
	},

	show: function(facts) {
		const status = facts.state.status || {};
		const states = {};
		const refresh = () => this.refresh();
		const writable = L.hasViewPermission();

		(status.shares || []).forEach(share => { states[share.name.toLowerCase()] = share; });

		const cards = facts.disks.map(disk => disks.card(disk, status, d => dialog.open(d, null, status, refresh), refresh));
		const gone = access.shares().filter(share => access.enabled(share) && (states[(share.name || '').toLowerCase()] || {}).state == 'absent');

		gone.forEach(share => cards.push(disks.missing(share, states[share.name.toLowerCase()])));

		dom.content(this.body, [
			frame.banner(facts.state, facts.check),
			E('h3', {}, [ _('Disks') ]),
			cards.length ? E('ul', { 'class': 'smb-cards' }, cards)
				: E('div', { 'class': 'smb-empty' }, [ _('No disk is plugged in. A USB disk shows up here as soon as it is mounted.') ]),
			E('h3', {}, [ _('Shares') ]),
			this.table(states, facts, refresh),
			E('p', {}, [ frame.button('add', _('Share another folder'), () => dialog.open(null, null, status, refresh)) ])
		]);

		if (!writable)
			this.body.querySelectorAll('button, input').forEach(node => { node.disabled = true; });
	},

	state: function(share, state, facts) {
		const said = facts.check.mistakes || [];
		const mistake = said.find(text => text.includes("share '" + share.name + "'") && !/ \(warning\)$/.test(text));

		if (!access.enabled(share))
			return words.badge('plain', _('switched off'));

		if (mistake)
			return E('span', {}, [ words.badge('bad', _('mistake')), ' ', E('small', {}, [ mistake.replace(/^.*?share '.*?': /, '') ]) ]);

		if (!facts.state.running)
			return words.badge('bad', _('server stopped'));

		if (state && state.state == 'served')
			return words.badge('good', _('served'));

		if (state && state.state == 'absent')
			return words.badge('warn', _('disk absent'));

		return words.badge('plain', _('not taken over yet'));
	},

	table: function(states, facts, refresh) {
		const rows = access.shares().map(share => {
			const sid = share['.name'];
			const state = states[(share.name || '').toLowerCase()];
			const toggle = E('input', { 'type': 'checkbox', 'aria-label': _('Serve %s').format(share.name) });

			toggle.checked = access.enabled(share);
			toggle.addEventListener('change', () => {
				toggle.disabled = true;
				uci.set('smolsmb', sid, 'enabled', toggle.checked ? '1' : '0');
				backend.apply().catch(words.failed).then(() => new Promise(resolve => window.setTimeout(resolve, 500))).then(refresh);
			});

			return { off: !toggle.checked, cells: [
				toggle,
				E('strong', {}, [ share.name || _('(without a name)') ]),
				share.uuid ? _('%s on %s').format(share.path || '/', share.uuid) : share.path || '',
				access.words(sid),
				this.state(share, state, facts),
				[
					frame.button('edit', _('Edit'), () => dialog.open(null, sid, facts.state.status || {}, refresh), _('Edit %s').format(share.name)),
					frame.button('remove', _('Delete'), () => this.remove(share, refresh), _('Delete %s').format(share.name))
				]
			] };
		});

		// What the server shares by itself stands in no configuration.
		((facts.state.status || {}).shares || []).filter(share => share.automatic).forEach(share => rows.push({ cells: [
			'', E('strong', {}, [ share.name ]), share.path, _('by the rule for new disks'), words.badge('good', _('automatic')), ''
		] }));

		return frame.table([ _('On'), _('Name'), _('Folder'), _('Who'), _('State'), '' ], rows,
			_('Nothing is shared yet. Press Share on a disk above.'));
	},

	remove: function(share, refresh) {
		frame.sure(_('Stop sharing “%s”?').format(share.name), _('The files stay on the disk.'), _('Delete'), () => {
			uci.remove('smolsmb', share['.name']);
			return backend.apply().then(refresh);
		});
	},

	handleSaveApply: null,
	handleSave: null,
	handleReset: null
});
