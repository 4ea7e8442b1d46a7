# Sourced, not run: what the scripts that boot Debian's cloud kernel in an emulated PC share. Nothing is installed;
# packages are downloaded by apt, from where this machine's apt downloads, and unpacked into a folder.

# The image that the meta package stands for now; arguments: options for apt.
guest_image() { apt-cache "$@" depends linux-image-cloud-amd64 2>/dev/null | sed -n 's/.*Depends: \(linux-image-[0-9].*\)/\1/p' | head -n 1; }

# ROOT is made of the packages in the folder PACKAGES. $ROOT/complete says that all of it is there.
guest_unpack() { # PACKAGES ROOT
    local package
    rm -rf "$2" && mkdir -p "$2" || return 1
    for package in "$1"/*.deb; do dpkg-deb -x "$package" "$2" || return 1; done
    touch "$2/complete"
}

# TREE becomes an initramfs's: busybox, the modules and everything they depend on, and INIT as its process 1.
guest_tree() { # ROOT TREE INIT MODULE…
    local root=$1 tree=$2 init=$3 busybox name path line release lib
    shift 3
    busybox=$(guest_busybox "$root") release=$(guest_release "$root")
    lib=lib/modules/$release
    [ -d "$root/$lib" ] || root=$root/usr
    rm -rf "$tree" && mkdir -p "$tree"/{bin,sbin,dev,proc,sys,tmp,mnt,root,srv,"$lib"} || return 1
    "$busybox" depmod -b "$root" "$release" || return 1
    for name; do
        line=$(grep -E "(^|/)${name}\.ko[^ ]*:" "$root/$lib/modules.dep") || continue # perhaps built in
        for path in ${line/:/ }; do
            mkdir -p "$tree/$lib/${path%/*}" && cp "$root/$lib/$path" "$tree/$lib/$path" || return 1
            case $path in *.xz) xz -df "$tree/$lib/$path" || return 1 ;; esac
        done
    done
    cp "$root/$lib"/modules.{order,builtin,builtin.modinfo} "$tree/$lib/" || return 1
    "$busybox" depmod -b "$tree" "$release" || return 1
    cp "$busybox" "$tree/bin/busybox" && ln -s ../bin/busybox "$tree/sbin/modprobe" && ln -s busybox "$tree/bin/sh" || return 1
    install -m 755 "$init" "$tree/init"
}
guest_pack() { (cd "$2" && find . | "$(guest_busybox "$1")" cpio -o -H newc) | gzip -1 >"$3"; } # ROOT TREE FILE

guest_kernel() { echo "$1"/boot/vmlinuz-*; } # ROOT
guest_release() { guest_kernel "$1" | sed 's/.*\/vmlinuz-//'; }
guest_busybox() { if [ -x "$1/bin/busybox" ]; then echo "$1/bin/busybox"; else echo "$1/usr/bin/busybox"; fi; }
