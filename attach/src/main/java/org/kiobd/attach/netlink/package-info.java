/** Generic netlink, and the commands of the kernel's NBD driver (include/uapi/linux/nbd-netlink.h). */
@NullMarked
package org.kiobd.attach.netlink;

import org.jspecify.annotations.NullMarked;
