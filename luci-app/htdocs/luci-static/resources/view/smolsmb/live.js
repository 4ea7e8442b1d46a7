// SPDX-License-Identifier: MIT OR Apache-2.0
'use strict';
'require view';
'require dom';
'require poll';
'require uci';
'require smolsmb.backend as backend';
'require smolsmb.disks as disks';
'require smolsmb.frame as frame';
'require smolsmb.graph as graph';
'require smolsmb.words as words';

const SECONDS = 3;

return view.extend({
	load: function() {
		// Who may only see the status has neither the disks nor the configuration.
		return Promise.all([ backend.status(), uci.load('smolsmb').then(() => true, () => false) ]).then(([ state, whole ]) => {
			this.whole = whole;
			return state;
		});
	},

	render: function(state) {
		this.body = E('div');
		this.show(state);
		poll.add(() => backend.status().then(fresh => this.show(fresh)), SECONDS);

		return frame.page(_('Live'), [ this.body ]);
	},

	refresh: function() {
		return backend.status().then(state => this.show(state));
	},

	show: function(state) {
		const status = state.status || {};

		if (!state.running) {
			dom.content(this.body, [ frame.banner(state, this.whole && L.hasViewPermission() ? {} : null) ]);
			return;
		}

		// A click in a table that is drawn anew meanwhile would be lost.
		if (this.body.querySelector('.spinning'))
			return;

		const open = this.body.querySelector('details');
		const pools = !!(open && open.open);

		dom.content(this.body, [
			frame.banner(state, null),
			E('div', { 'class': 'smb-two' }, [
				E('div', { 'class': 'smb-panel' }, [ E('h4', {}, [ _('Throughput') ]), graph.render(graph.add(status)) ]),
				this.memory(status.memory || { rows: [] }, pools)
			]),
			E('h3', {}, [ _('Who is connected') ]),
			this.sessions(status),
			E('h3', {}, [ _('Open files') ]),
			this.opens(status)
		].concat(this.disks(status)));
	},

	memory: function(memory, pools) {
		const share = memory.ceiling ? Math.min(100, Math.round(memory.resident / memory.ceiling * 100)) : 0;
		const rows = (memory.rows || []).map(row => ({ cells: [ row.name, '%d'.format(row.used), '%d'.format(row.capacity), words.memory(row.bytes) ] }));
		const details = E('details', {}, [ E('summary', {}, [ _('Each pool and table') ]), frame.table([ _('What'), '>' + _('Used'), '>' + _('Of'), '>' + _('Costs') ], rows, '') ]);

		details.open = pools;

		return E('div', { 'class': 'smb-panel' }, [
			E('h4', {}, [ _('Memory') ]),
			E('p', {}, [ _('%s held of at most %s').format(words.memory(memory.resident), words.memory(memory.ceiling)) ]),
			E('div', { 'class': 'smb-bar' + (share > 95 ? ' smb-full' : ''), 'role': 'meter', 'aria-valuenow': share, 'aria-valuemin': 0, 'aria-valuemax': 100, 'aria-label': _('Memory') }, [ E('i', { 'style': 'width:' + share + '%' }) ]),
			details
		]);
	},

	sessions: function(status) {
		const writable = L.hasViewPermission();
		const rows = (status.sessions || []).map(session => {
			const who = session.user || (session.guest ? _('guest') : _('anonymous'));

			return { cells: [
				E('strong', {}, [ who ]),
				session.address,
				E('span', {}, [ session.since ? words.duration(Math.max(0, Date.now() / 1000 - session.since)) : '–', ' ', E('small', {}, [ _('(quiet for %s)').format(words.duration(session.idle || 0)) ]) ]),
				'SMB ' + session.dialect,
				session.encryption ? words.badge('good', _('encrypted: %s').format(session.encryption))
					: session.signing ? words.badge('good', _('signed: %s').format(session.signing)) : words.badge('warn', _('open')),
				'%d'.format(session.opens),
				writable ? frame.button('negative', _('Disconnect'), () => this.disconnect(session, who), _('Disconnect %s').format(who)) : ''
			] };
		});

		return this.listed('sessions', frame.table([ _('Who'), _('From'), _('Since'), _('Dialect'), _('Protection'), '>' + _('Files'), '' ], rows, _('Nobody is connected.')),
			rows.length, status.sessions_total);
	},

	opens: function(status) {
		const names = {};

		(status.sessions || []).forEach(session => { names[session.id] = session.user || _('guest'); });

		const rows = (status.opens || []).map(open => ({ cells: [ open.share + '/' + open.path, open.access, names[open.session] || open.session ] }));

		return this.listed('opens', frame.table([ _('File'), _('Access'), _('Who') ], rows, _('No file is open.')), rows.length, status.opens_total);
	},

	listed: function(what, table, shown, total) {
		return E('div', { 'data-what': what }, [ table, total > shown ? E('small', {}, [ _('and %d more').format(total - shown) ]) : '' ]);
	},

	disks: function(status) {
		if (!(status.disks || []).length || !L.hasViewPermission())
			return [];

		const rows = status.disks.map(disk => ({ cells: [
			E('strong', {}, [ disk.label || disk.path ]), disk.path,
			disk.ejected ? words.badge('warn', _('ejected')) : disks.holders(disk, status).length ? _('files open: %d').format(disks.holders(disk, status).length) : _('not in use'),
			frame.button('neutral', _('Eject'), () => disks.eject(disk, status, () => this.refresh()), _('Eject %s').format(disk.label || disk.path))
		] }));

		return [ E('h3', {}, [ _('Disks') ]), frame.table([ _('Disk'), _('Folder'), _('State'), '' ], rows, '') ];
	},

	disconnect: function(session, who) {
		frame.sure(_('Disconnect %s?').format(who), _('Files they have open are closed; what was not written yet is lost. They may log in again.'), _('Disconnect'),
			() => backend.disconnect(session.id).then(() => this.refresh()));
	},

	handleSaveApply: null,
	handleSave: null,
	handleReset: null
});
