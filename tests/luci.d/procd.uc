// What LuCI and rpcd ask of procd, for a root in which procd is not process 1: a change of a config reloads its service.
'use strict';

import * as uloop from 'uloop';
import * as ubus from 'ubus';

uloop.init();

const bus = ubus.connect();
const board = {
	hostname: 'router', model: 'Test', board_name: 'test',
	release: { distribution: 'OpenWrt', version: 'test', description: 'OpenWrt (test)' }
};

bus.publish('system', {
	board: { call: function(request) { request.reply(board); } },
	info: { call: function(request) { request.reply({ uptime: 1, memory: {} }); } }
});
bus.publish('service', {
	list: { args: { name: '' }, call: function(request) { request.reply({}); } },
	event: {
		args: { type: '', data: {} },
		call: function(request) {
			if (request.args.type == 'config.change' && request.args.data?.package == 'smolsmb')
				system('/etc/init.d/smolsmb reload');

			request.reply({});
		}
	}
});

uloop.run();
