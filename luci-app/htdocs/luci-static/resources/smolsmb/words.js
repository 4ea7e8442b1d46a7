// SPDX-License-Identifier: MIT OR Apache-2.0
'use strict';
'require baseclass';
'require ui';

const RESERVED = [ 'ipc$', 'pipe', 'mailslot' ];
// What no name of a share or computer may hold; a set, because jsmin wants / in no class of a regular expression.
const FORBIDDEN = [ ...'"/\\[]:|<>+=;,*?' ];

return baseclass.extend({
	// '238 GB': as disks are sold; memory and rates of a router are told in binary units elsewhere.
	size: function(bytes) {
		const units = [ 'B', 'kB', 'MB', 'GB', 'TB', 'PB' ];
		let at = 0;

		for (; bytes >= 1000 && at < units.length - 1; at++)
			bytes /= 1000;

		return '%s %s'.format(bytes < 10 && at ? bytes.toFixed(1) : Math.round(bytes), units[at]);
	},

	memory: function(bytes) {
		return bytes < 10240 ? '%d B'.format(bytes) : bytes < 10485760 ? '%d KiB'.format(bytes / 1024) : '%d MiB'.format(bytes / 1048576);
	},

	rate: function(bytes) {
		return this.size(bytes) + '/s';
	},

	duration: function(seconds) {
		if (seconds < 60)
			return _('%d s').format(seconds);

		if (seconds < 3600)
			return _('%d min').format(seconds / 60);

		if (seconds < 86400)
			return _('%d h %d min').format(seconds / 3600, seconds / 60 % 60);

		return _('%d d %d h').format(seconds / 86400, seconds / 3600 % 24);
	},

	hasForbidden: function(text) {
		return FORBIDDEN.some(character => text.includes(character));
	},

	hasControl: function(text) {
		return /[\u0000-\u001f\u007f-\u009f]/.test(text);
	},

	// True, or why the server would refuse the name; it counts in UTF-16, as Windows and JavaScript do.
	shareName: function(name) {
		if (name == '')
			return _('A share needs a name.');

		if (name.length > 80)
			return _('A name has at most 80 characters.');

		if (this.hasForbidden(name) || this.hasControl(name))
			return _('A name cannot have any of these: %s').format(FORBIDDEN.join(' '));

		if (RESERVED.includes(name.toLowerCase()))
			return _('This name is reserved.');

		return true;
	},

	userName: function(name) {
		if (name == '')
			return _('A person needs a name.');

		if (name.length > 64)
			return _('A name has at most 64 characters.');

		if (/:/.test(name) || this.hasControl(name) || name.trim() != name || name == '*')
			return _('A name has no colon, and no blank at its ends.');

		return true;
	},

	// A disk's label as the name of a share.
	nameFrom: function(disk, taken) {
		const cut = disk.path.replace(/\/+$/, '').split('/').pop();
		let name = [ ...(disk.label || cut || '') ].filter(c => !FORBIDDEN.includes(c) && !this.hasControl(c)).slice(0, 35).join('').trim() || 'disk';

		for (let n = 2, base = name; taken.includes(name.toLowerCase()); n++)
			name = base + ' ' + n;

		return name;
	},

	// An address with a button that copies it. A page without TLS has no clipboard of its own.
	copyable: function(address) {
		const field = E('code', { 'class': 'smb-address' }, [ address ]);
		const button = E('button', { 'class': 'btn cbi-button', 'aria-label': _('Copy %s').format(address) }, [ _('Copy') ]);

		button.addEventListener('click', ev => {
			ev.preventDefault();

			const area = E('textarea', { 'class': 'smb-offscreen' });
			area.value = address;
			field.parentNode.appendChild(area);
			area.select();
			document.execCommand('copy');
			area.remove();
			button.focus();
			button.textContent = _('Copied');
			window.setTimeout(() => { button.textContent = _('Copy'); }, 2000);
		});

		return E('span', { 'class': 'smb-copy' }, [ field, button ]);
	},

	badge: function(kind, text) {
		return E('span', { 'class': 'smb-badge smb-' + kind }, [ text ]);
	},

	failed: function(error) {
		ui.addNotification(_('That did not work'), E('p', [ error.message || String(error) ]), 'danger');
	},

	// The page's own style, once.
	style: function() {
		return E('link', { 'rel': 'stylesheet', 'href': L.resource('smolsmb/style.css') });
	},

	// A modal window that says what it is to who cannot see it.
	dialog: function(title, children) {
		const dialog = ui.showModal(null, [ this.style(), E('h4', { 'id': 'smb-dialog-title' }, [ title ]) ].concat(children), 'smb-dialog');

		dialog.setAttribute('role', 'dialog');
		dialog.setAttribute('aria-modal', 'true');
		dialog.setAttribute('aria-labelledby', 'smb-dialog-title');

		return dialog;
	}
});
