/**
 * Tests that need real clients or the kernel in a guest, crash and fault tests, and benchmarks.
 *
 * <p>Nothing here is shipped.
 */
@NullMarked
package org.kiobd.it;

import org.jspecify.annotations.NullMarked;
