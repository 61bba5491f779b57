/** What must be exact in the benchmarks, held without a clock. */
@NullMarked
package org.kiobd.it.bench;

import org.jspecify.annotations.NullMarked;
