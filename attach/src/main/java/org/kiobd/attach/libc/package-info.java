/** System calls that Java lacks, for sockets and devices that the kernel takes over. */
@NullMarked
package org.kiobd.attach.libc;

import org.jspecify.annotations.NullMarked;
