// SPDX-License-Identifier: MIT OR Apache-2.0
'use strict';
'require baseclass';
'require uci';

// Who may do what with a share: between the three choices of the dialog and the server's options.
// guest is what those without a password may do; the lists name users, '*' is every user.

function list(sid, option) {
	const value = uci.get('smolsmb', sid, option);

	return value == null || value === '' ? [] : Array.isArray(value) ? value : String(value).split(/\s+/);
}

function setList(sid, option, names) {
	if (names.length)
		uci.set('smolsmb', sid, option, names);
	else
		uci.unset('smolsmb', sid, option);
}

function same(a, b) {
	return a.toLowerCase() == b.toLowerCase();
}

return baseclass.extend({
	shares: function() {
		return uci.sections('smolsmb', 'share');
	},

	users: function() {
		return uci.sections('smolsmb', 'user').filter(user => user.name);
	},

	enabled: function(section) {
		return section.enabled == null || section.enabled !== '0';
	},

	// 'read', 'write' or 'people'; 'mixed' is what only the options can say.
	kind: function(sid) {
		const guest = uci.get('smolsmb', sid, 'guest') || 'none';

		if (guest == 'read' || guest == 'write')
			return guest;

		return 'people';
	},

	// What a user may do by the lists: '', 'read' or 'write'.
	of: function(sid, name) {
		const holds = option => list(sid, option).some(entry => entry == '*' || same(entry, name));

		return holds('write_user') ? 'write' : holds('read_user') ? 'read' : '';
	},

	everyUser: function(sid) {
		return list(sid, 'write_user').includes('*') ? 'write' : list(sid, 'read_user').includes('*') ? 'read' : '';
	},

	// What anyone may do by the lists is kept; only this user's place changes.
	grant: function(sid, name, what) {
		for (const [ option, holds ] of [ [ 'write_user', what == 'write' ], [ 'read_user', what == 'read' ] ]) {
			const names = list(sid, option).filter(entry => !same(entry, name));

			setList(sid, option, holds ? names.concat(name) : names);
		}
	},

	set: function(sid, kind, people) {
		if (kind == 'people') {
			uci.set('smolsmb', sid, 'guest', 'none');
			setList(sid, 'write_user', people.filter(p => p.may == 'write').map(p => p.name));
			setList(sid, 'read_user', people.filter(p => p.may == 'read').map(p => p.name));
		}
		else {
			// Windows 11 wants a name and a password all the same: whoever has one may as much as guests.
			uci.set('smolsmb', sid, 'guest', kind);
			setList(sid, 'write_user', kind == 'write' ? [ '*' ] : people.filter(p => p.may == 'write').map(p => p.name));
			setList(sid, 'read_user', kind == 'read' ? [ '*' ] : []);
		}
	},

	forget: function(name) {
		for (const share of this.shares())
			this.grant(share['.name'], name, '');
	},

	addUser: function(name) {
		const sid = uci.add('smolsmb', 'user');

		uci.set('smolsmb', sid, 'name', name);

		return sid;
	},

	words: function(sid) {
		const guest = uci.get('smolsmb', sid, 'guest') || 'none';
		const readOnly = uci.get('smolsmb', sid, 'read_only') == '1';
		const writers = readOnly ? [] : list(sid, 'write_user');
		const readers = list(sid, 'read_user').concat(readOnly ? list(sid, 'write_user') : []);
		const every = names => names.includes('*') ? _('every person') : names.join(', ');

		if (guest == 'write' && !readOnly)
			return _('everyone, reading and writing');

		const parts = [];

		if (writers.length)
			parts.push(_('%s: read and write').format(every(writers)));

		if (guest != 'none')
			parts.push(_('everyone: read'));
		else if (readers.length)
			parts.push(_('%s: read').format(every(readers)));

		return parts.join(' · ') || _('nobody yet');
	}
});
