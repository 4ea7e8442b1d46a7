// LuCI's form module, as far as the page goes: one named section with tabs, and four kinds of options.
'use strict';

{
	const uci = modules.uci;

	const types = {
		port: value => /^\d+$/.test(value) && +value >= 1 && +value <= 65535,
		range: (value, low, high) => /^-?\d+$/.test(value) && +value >= low && +value <= high
	};

	class Value {
		constructor(section, option, title, description) {
			Object.assign(this, { section, option, title, description, choices: [], depend: [], rmempty: true });
		}

		value(key, title) { this.choices.push([ key, title ?? key ]); }
		depends(option, value) { this.depend.push([ option, value ]); }
		configured(sid) { return uci.get(this.section.map.config, sid, this.option); }
		active(sid) { return !this.depend.length || this.depend.some(([ option, value ]) => this.section.formvalue(sid, option) == value); }

		render(sid) {
			this.input = this.field(this.configured(sid) ?? this.default ?? '');
			this.input.id = `widget.cbid.${this.section.map.config}.${sid}.${this.option}`;
			this.error = E('div', { 'class': 'cbi-value-error' });
			this.node = E('div', { 'class': 'cbi-value', 'data-name': this.option }, [
				E('label', { 'class': 'cbi-value-title', 'for': this.input.id }, [ this.title ]),
				E('div', { 'class': 'cbi-value-field' }, [ this.input, E('div', { 'class': 'cbi-value-description' }, this.description ?? ''), this.error ])
			]);

			return this.node;
		}

		field(value) { return E('input', { 'type': 'text', 'class': 'cbi-input-text', 'placeholder': this.placeholder, 'value': [].concat(value).join(' ') }); }
		formvalue() { return this.input.value; }

		check(sid) {
			for (const value of [].concat(this.formvalue())) {
				const [ , type, words ] = /^(\w+)(?:\((.*)\))?$/.exec(this.datatype ?? '') ?? [];

				if (value != '' && type && !types[type](value, ...(words ?? '').split(',').map(Number)))
					return `no ${this.datatype}`;

				const good = this.validate?.(sid, value) ?? true;

				if (good !== true)
					return good;
			}

			return true;
		}

		parse(sid) {
			const active = this.active(sid);
			const good = active ? this.check(sid) : true;

			this.error.textContent = good === true ? '' : good;

			if (good !== true)
				throw new TypeError(`Option "${this.title}" contains an invalid input value.\n${good}`);

			const value = active ? this.formvalue() : '';
			const before = this.configured(sid);
			const empty = !value.length || (this.rmempty && value === this.default);

			if (empty && before != null)
				uci.unset(this.section.map.config, sid, this.option);
			else if (!empty && JSON.stringify(before) != JSON.stringify(value))
				uci.set(this.section.map.config, sid, this.option, value);
		}
	}

	class Flag extends Value {
		field(value) {
			const input = E('input', { 'type': 'checkbox' });

			input.checked = value == '1';

			return input;
		}

		formvalue() { return this.input.checked ? '1' : '0'; }
	}

	class ListValue extends Value {
		field(value) {
			const input = E('select', { 'class': 'cbi-input-select' }, this.choices.map(([ key, title ]) => E('option', { 'value': key }, [ title ])));

			input.value = value;

			return input;
		}
	}

	// A line each: enough to type a list, and to see that one is kept.
	class DynamicList extends Value {
		field(value) {
			const input = E('textarea', { 'class': 'cbi-dynlist', 'placeholder': this.placeholder });

			input.value = [].concat(value).filter(item => item).join('\n');

			return input;
		}

		formvalue() { return this.input.value.split('\n').filter(item => item); }
	}

	class NamedSection {
		constructor(map, sid, type) { Object.assign(this, { map, sid, type, tabs: [], options: [] }); }

		tab(name, title) { this.tabs.push([ name, title ]); }

		taboption(tab, Kind, ...rest) {
			const option = new Kind(this, ...rest);

			option.tab = tab;
			this.options.push(option);

			return option;
		}

		formvalue(sid, name) { return this.options.find(option => option.option == name)?.formvalue(sid) ?? null; }

		render() {
			const panes = this.tabs.map(([ name, title ]) => E('div', { 'class': 'cbi-section-node', 'data-tab': name, 'data-tab-title': title },
				this.options.filter(option => option.tab == name).map(option => option.render(this.sid))));
			const menu = E('ul', { 'class': 'cbi-tabmenu' }, this.tabs.map(([ name, title ], at) => {
				const link = E('a', { 'href': '#' }, [ title ]);

				link.addEventListener('click', event => { event.preventDefault(); panes.forEach((pane, n) => { pane.style.display = n == at ? '' : 'none'; }); });

				return E('li', {}, [ link ]);
			}));
			const arrange = () => this.options.forEach(option => { option.node.style.display = option.active(this.sid) ? '' : 'none'; });
			const node = E('div', { 'class': 'cbi-section' }, [ menu, ...panes ]);

			panes.slice(1).forEach(pane => { pane.style.display = 'none'; });
			node.addEventListener('change', arrange);
			arrange();

			return node;
		}
	}

	const maps = new WeakMap();

	class Map {
		constructor(config) { Object.assign(this, { config, children: [] }); }

		section(Kind, sid, type) {
			const section = new Kind(this, sid, type);

			this.children.push(section);

			return section;
		}

		render() {
			return uci.load(this.config).then(() => {
				const node = E('div', { 'class': 'cbi-map' }, this.children.map(section => section.render()));

				maps.set(node, this);

				return node;
			});
		}

		parse() {
			return new Promise(done => {
				this.children.forEach(section => section.options.forEach(option => option.parse(section.sid)));
				done();
			});
		}
	}

	modules.form = { Map, NamedSection, Value, Flag, ListValue, DynamicList, mapOf: node => maps.get(node) };
}
