/** What tests of an NBD server need: a device in memory that can fail, wait and grow, and a client that sends any bytes. */
@NullMarked
package org.kiobd.nbd.testkit;

import org.jspecify.annotations.NullMarked;
