/**
 * Event loops as the rest of the house sees them: {@link org.kiobd.volume.loop.IoLoop} hides which transport turns it.
 *
 * <p>Threads: a loop is one thread and owns everything registered with it. Not here: what runs on it.
 */
@NullMarked
package org.kiobd.volume.loop;

import org.jspecify.annotations.NullMarked;
