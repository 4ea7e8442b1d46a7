// SPDX-License-Identifier: MIT OR Apache-2.0
'use strict';
'require baseclass';
'require smolsmb.words as words';

let count = 0;

// How long a password would stand, roughly: 0 (none) to 4.
function strength(password) {
	const length = [ ...password ].length;
	const kinds = [ /[a-z]/, /[A-Z]/, /[0-9]/, /[^a-zA-Z0-9]/ ].filter(kind => kind.test(password)).length;
	const different = new Set(password).size;

	if (!length)
		return 0;

	if (length < 8 || different < 5 || /^(pass|1234|qwert|admin)/i.test(password))
		return 1;

	return Math.min(4, 1 + (length >= 10 ? 1 : 0) + (length >= 14 ? 1 : 0) + (kinds > 1 ? 1 : 0));
}

// A field for a new password: it is never shown, never in the page's source, and gone from the field once taken.
return baseclass.extend({
	create: function() {
		const id = 'smb-password-' + (++count);
		const input = E('input', {
			'id': id, 'type': 'password', 'class': 'cbi-input-password', 'autocomplete': 'new-password',
			'maxlength': '256', 'spellcheck': 'false', 'aria-describedby': id + '-strength'
		});
		const meter = E('span', { 'class': 'smb-meter', 'aria-hidden': 'true' }, [ E('i') ]);
		const said = E('small', { 'id': id + '-strength', 'role': 'status' }, [ '' ]);
		const grades = [ '', _('weak: longer is better'), _('fair'), _('good'), _('strong') ];

		const show = () => {
			const grade = strength(input.value);

			meter.setAttribute('data-grade', grade);
			said.textContent = grades[grade];
		};

		input.addEventListener('input', show);
		show();

		return {
			id: id,
			input: input,
			node: E('div', { 'class': 'smb-password' }, [ input, E('div', { 'class': 'smb-strength' }, [ meter, said ]) ]),
			// True, or why the server would refuse it.
			check: () => input.value == '' ? _('A password is missing.')
				: words.hasControl(input.value) ? _('A password has no control characters.') : true,
			take: () => {
				const password = input.value;

				input.value = '';
				show();

				return password;
			}
		};
	}
});
