// LuCI's uci module: what was loaded, with the changes that `save` will stage.
'use strict';

{
	const call = (method, params, expect, reject) => modules.rpc.declare({ object: 'uci', method, params, expect, reject });
	const get = call('get', [ 'config' ], { values: {} }, true);
	const add = call('add', [ 'config', 'type', 'name', 'values' ], { section: '' }, true);
	const set = call('set', [ 'config', 'section', 'values' ], undefined, true);
	const remove = call('delete', [ 'config', 'section', 'options' ], undefined, true);
	const packages = {};
	let serial = 0;

	const section = (name, sid) => packages[name]?.all.find(s => s['.name'] == sid && !packages[name].removed.has(sid));

	modules.uci = {
		load: name => packages[name] ? Promise.resolve([ name ]) : get(name).then(values => {
			packages[name] = { all: Object.values(values).sort((a, b) => a['.index'] - b['.index']), changed: new Map(), removed: new Set(), added: new Set() };
			return [ name ];
		}),

		unload: name => { delete packages[name]; },

		sections: (name, type) => (packages[name]?.all ?? []).filter(s => s['.type'] == type && !packages[name].removed.has(s['.name'])),

		get: (name, sid, option) => option == null ? section(name, sid) : section(name, sid)?.[option] ?? null,

		set(name, sid, option, value) {
			const found = section(name, sid);
			const changed = packages[name].changed;

			if (!found)
				return;

			if (!changed.has(sid))
				changed.set(sid, new Set());

			changed.get(sid).add(option);

			if (value == null || value === '')
				delete found[option];
			else
				found[option] = value;
		},

		unset: (name, sid, option) => modules.uci.set(name, sid, option, null),

		add(name, type, wanted) {
			const sid = wanted ?? 'new' + (++serial);

			packages[name].all.push({ '.type': type, '.name': sid, '.anonymous': !wanted });
			packages[name].added.add(sid);

			return sid;
		},

		remove(name, sid) {
			if (packages[name].added.delete(sid))
				packages[name].all = packages[name].all.filter(s => s['.name'] != sid);
			else
				packages[name].removed.add(sid);
		},

		save() {
			const tasks = [];

			for (const [ name, state ] of Object.entries(packages)) {
				for (const sid of state.added) {
					const made = section(name, sid);
					const values = Object.fromEntries(Object.entries(made).filter(([ key ]) => key[0] != '.'));

					tasks.push(() => add(name, made['.type'], made['.anonymous'] ? undefined : sid, values));
				}

				for (const [ sid, options ] of state.changed)
					if (!state.added.has(sid) && !state.removed.has(sid)) {
						const found = section(name, sid);
						const held = [ ...options ].filter(o => found[o] != null), gone = [ ...options ].filter(o => found[o] == null);

						if (held.length)
							tasks.push(() => set(name, sid, Object.fromEntries(held.map(o => [ o, found[o] ]))));
						if (gone.length)
							tasks.push(() => remove(name, sid, gone));
					}

				for (const sid of state.removed)
					tasks.push(() => remove(name, sid));
			}

			return tasks.reduce((before, task) => before.then(task), Promise.resolve()).then(() => {
				Object.values(packages).forEach(state => { state.added.clear(); state.changed.clear(); });
			});
		},

		changes: call('changes', [], { changes: {} }),
		callApply: call('apply', [ 'timeout', 'rollback' ]),
		callConfirm: call('confirm', [])
	};
}
