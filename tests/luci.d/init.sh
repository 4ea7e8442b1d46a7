#!/bin/sh
# The service in the test: what the package's own script has procd do, without procd. The port is the test's.
LOG=PREFIX/tmp/smolsmb.log
PID=PREFIX/tmp/smolsmb.pid
PROGRAM=PREFIX/usr/sbin/smolsmb
running() { [ -s $PID ] && kill -0 "$(cat $PID)" 2>/dev/null; }
start() {
	running && return 0
	SMOLSMB_LOG=stderr $PROGRAM serve --config PREFIX/etc/config --listen 127.0.0.1:SMB_PORT >>$LOG 2>&1 </dev/null &
	echo $! >$PID
}
stop() { running && kill "$(cat $PID)"; rm -f $PID; }
case "$1" in
start) start ;;
stop) stop ;;
restart) stop; sleep 1; start ;;
reload) if running; then kill -HUP "$(cat $PID)"; else start; fi ;;
enable | enabled) ;;
esac
