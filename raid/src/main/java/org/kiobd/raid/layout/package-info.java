/**
 * Pure striping arithmetic, no I/O: {@link org.kiobd.raid.layout.StripeLayout} says where bytes lie,
 * {@link org.kiobd.raid.layout.StripeSplitter} cuts a chain accordingly.
 *
 * <p>Threads: the layout is immutable; a splitter belongs to one loop. Not here: issuing what was split.
 */
@NullMarked
package org.kiobd.raid.layout;

import org.jspecify.annotations.NullMarked;
