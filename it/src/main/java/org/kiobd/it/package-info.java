/**
 * What needs the outside: real clients, the kernel in a guest, crash and fault runs, benchmarks.
 *
 * <p>Nothing here ships.
 */
@NullMarked
package org.kiobd.it;

import org.jspecify.annotations.NullMarked;
