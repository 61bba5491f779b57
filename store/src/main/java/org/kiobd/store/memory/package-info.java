/**
 * Members that keep their data in memory, for tests and demonstrations: {@link org.kiobd.store.memory.MemoryMemberStore}.
 *
 * <p>Threads: any number of event loops may use a member at once. Not here: anything that survives the process.
 */
@NullMarked
package org.kiobd.store.memory;

import org.jspecify.annotations.NullMarked;
