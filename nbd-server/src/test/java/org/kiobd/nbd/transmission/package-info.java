/** Tests of the transmission without a socket, from fixtures in {@code src/test/resources}. */
@NullMarked
package org.kiobd.nbd.transmission;

import org.jspecify.annotations.NullMarked;
