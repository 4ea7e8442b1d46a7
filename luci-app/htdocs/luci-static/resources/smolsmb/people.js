// SPDX-License-Identifier: MIT OR Apache-2.0
'use strict';
'require baseclass';
'require smolsmb.access as access';
'require smolsmb.password as password';
'require smolsmb.words as words';

function rights(value, label) {
	const node = E('select', { 'class': 'cbi-input-select', 'aria-label': label }, [
		E('option', { 'value': '' }, [ _('no access') ]),
		E('option', { 'value': 'read' }, [ _('read') ]),
		E('option', { 'value': 'write' }, [ _('read and write') ])
	]);

	node.value = value;

	return node;
}

// The people of a share: those there are, with what each may do, and new ones made in place.
return baseclass.extend({
	rights: rights,

	create: function(sid, fresh) {
		const rows = access.users().map(user => {
			const select = rights(fresh ? '' : access.of(sid, user.name), _('What %s may do').format(user.name));

			return { name: user.name, select: select, node: E('li', {}, [ E('span', { 'class': 'smb-person' }, [ user.name ]), select ]) };
		});
		const added = [];
		const listed = E('ul', { 'class': 'smb-people' }, rows.map(row => row.node));
		const add = E('button', { 'class': 'btn cbi-button cbi-button-add' }, [ _('Add a person') ]);

		const more = focus => {
			const id = 'smb-new-person-' + added.length;
			const name = E('input', { 'id': id, 'type': 'text', 'class': 'cbi-input-text', 'autocomplete': 'off', 'autocapitalize': 'none', 'spellcheck': 'false' });
			const secret = password.create();
			const select = rights('write', _('What the new person may do'));
			const row = { input: name, secret: secret, select: select };

			row.node = E('li', { 'class': 'smb-new' }, [
				E('div', {}, [ E('label', { 'for': id }, [ _('Name') ]), name ]),
				E('div', {}, [ E('label', { 'for': secret.id }, [ _('Password') ]), secret.node ]),
				E('div', {}, [ E('label', {}, [ _('May') ]), select ])
			]);
			added.push(row);
			listed.appendChild(row.node);

			if (focus)
				name.focus();

			return name;
		};

		add.addEventListener('click', ev => { ev.preventDefault(); more(true); });

		// Nobody is there yet: the fields for the first one stand open.
		const first = rows.length ? null : more(false);

		return {
			node: E('div', {}, [ listed, add ]),
			first: first,

			// What was typed, or why it cannot be.
			read: function() {
				const people = rows.filter(row => row.select.value).map(row => ({ name: row.name, may: row.select.value }));
				const known = rows.map(row => row.name.toLowerCase());

				for (const row of added) {
					const name = row.input.value.trim();

					if (name == '' && row.secret.input.value == '')
						continue;

					const good = words.userName(name);

					if (good !== true)
						return { field: row.input, error: good };

					if (known.includes(name.toLowerCase()))
						return { field: row.input, error: _('There is a person of this name already.') };

					const secret = row.secret.check();

					if (secret !== true)
						return { field: row.secret.input, error: secret };

					known.push(name.toLowerCase());
					people.push({ name: name, may: row.select.value, secret: row.secret });
				}

				return { people: people };
			}
		};
	}
});
