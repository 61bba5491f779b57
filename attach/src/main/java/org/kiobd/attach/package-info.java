/** Attachments: volumes as /dev/nbdN of this kernel, and the supervisor that gives a device a new connection when its server comes back. */
@NullMarked
package org.kiobd.attach;

import org.jspecify.annotations.NullMarked;
