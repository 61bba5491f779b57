/**
 * Pure striping arithmetic without I/O: {@link org.kiobd.raid.layout.StripeLayout} computes the position of each byte, {@link
 * org.kiobd.raid.layout.StripeSplitter} splits a chain accordingly, and {@link org.kiobd.raid.layout.ExtentFold} merges the extents of the
 * members.
 *
 * <p>Threads: the layout is immutable; a splitter belongs to one event loop. Not here: issuing the operations of a split.
 */
@NullMarked
package org.kiobd.raid.layout;

import org.jspecify.annotations.NullMarked;
