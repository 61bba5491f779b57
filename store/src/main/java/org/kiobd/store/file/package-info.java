/**
 * Members that are files or block devices: {@link org.kiobd.store.file.FileMemberStore}, with two ways to transfer data: in the event
 * loop's own io_uring ({@code RingTransfers}), or on a bounded pool of file threads ({@code ThreadedTransfers}).
 *
 * <p>Threads: ports are confined to their loop; the open file and its sync rounds are shared. Not here: the contents of a superblock.
 */
@NullMarked
package org.kiobd.store.file;

import org.jspecify.annotations.NullMarked;
