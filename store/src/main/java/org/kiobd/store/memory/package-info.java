/**
 * Members that keep their bytes in memory, for tests and demonstrations: {@link org.kiobd.store.memory.MemoryMemberStore}.
 *
 * <p>Threads: any number of loops at once. Not here: anything that survives the process.
 */
@NullMarked
package org.kiobd.store.memory;

import org.jspecify.annotations.NullMarked;
