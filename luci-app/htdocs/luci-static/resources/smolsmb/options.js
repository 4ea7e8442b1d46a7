// SPDX-License-Identifier: MIT OR Apache-2.0
'use strict';
'require baseclass';
'require form';
'require smolsmb.words as words';

function octal(section_id, value) {
	return value == '' || /^0?[0-7]{1,3}$/.test(value) || _('Octal digits, 0 to 0777');
}

function unixName(section_id, value) {
	return value == '' || /^[A-Za-z0-9_][A-Za-z0-9_.-]*$/.test(value) || _('A name of /etc/passwd');
}

// Each option of a share beyond name and people, in tabs, refused here where the server would refuse it.
return baseclass.extend({
	path: function(section_id, value) {
		const uuid = this.section.formvalue(section_id, 'uuid');

		if (value == '')
			return uuid ? true : _('A share needs a folder.');

		if (!uuid && value[0] != '/')
			return _('The folder begins with /, as /mnt/sda1');

		if (value.split('/').includes('..') || words.hasControl(value))
			return _('The folder has no .. in it.');

		return true;
	},

	create: function(sid) {
		const map = new form.Map('smolsmb');
		const section = map.section(form.NamedSection, sid, 'share');
		let o;

		section.tab('folder', _('Folder'));
		section.tab('access', _('Access'));
		section.tab('files', _('Files'));

		o = section.taboption('folder', form.Value, 'path', _('Folder'),
			_('On this router; with a file system below, inside of it.'));
		o.placeholder = '/mnt/sda1';
		o.rmempty = true;
		o.validate = this.path;

		o = section.taboption('folder', form.Value, 'uuid', _('File system (UUID)'),
			_('Finds the disk again wherever it is mounted.'));
		o.validate = (section_id, value) => value == '' || /^[0-9A-Za-z-]{4,64}$/.test(value) || _('Letters, digits and hyphens');

		o = section.taboption('folder', form.Value, 'comment', _('Comment'), _('Computers show it beside the name.'));
		o.validate = (section_id, value) => value.length <= 256 && !words.hasControl(value) || _('At most 256 characters');

		o = section.taboption('access', form.Flag, 'read_only', _('Read-only'), _('Nobody changes anything, whoever it is.'));
		o.default = '0';

		o = section.taboption('access', form.Flag, 'browseable', _('Listed'), _('Shown in the list of shares; otherwise one must know its name.'));
		o.default = '1';

		o = section.taboption('access', form.ListValue, 'encryption', _('Encryption'));
		o.value('', _('As the server'));
		o.value('required', _('Required: clients that cannot are refused'));
		o.optional = true;

		o = section.taboption('access', form.Value, 'force_user', _('Rights on disk'),
			_('A user of this router whose rights are used, whoever came.'));
		o.validate = unixName;

		o = section.taboption('files', form.Value, 'create_mask', _('Bits of new files'));
		o.placeholder = '0664';
		o.validate = octal;

		o = section.taboption('files', form.Value, 'dir_mask', _('Bits of new folders'));
		o.placeholder = '0775';
		o.validate = octal;

		o = section.taboption('files', form.Flag, 'hide_dot_files', _('Hide dot files'), _('Names that begin with a dot are marked hidden.'));
		o.default = '1';

		o = section.taboption('files', form.DynamicList, 'veto', _('Never shown'),
			_('Names that are neither shown nor opened, with * and ?.'));
		o.placeholder = '.DS_Store';
		o.validate = (section_id, value) => !/\//.test(value) && !words.hasControl(value) || _('A name without a slash');

		return map;
	}
});
