/**
 * Event loops: {@link org.kiobd.volume.loop.IoLoop} hides from the other packages which I/O engine drives a loop.
 *
 * <p>Threads: a loop is one thread and owns everything registered with it. Not here: the components that run on a loop.
 */
@NullMarked
package org.kiobd.volume.loop;

import org.jspecify.annotations.NullMarked;
