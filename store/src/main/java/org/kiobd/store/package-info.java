/**
 * Members, independent of the kind of storage: {@link org.kiobd.store.MemberStore} and {@link org.kiobd.store.MemberPort} are the
 * service provider interface, {@link org.kiobd.store.MemberOp} is the unit of work, {@link org.kiobd.store.MemberStores} finds the
 * provider for a URI.
 *
 * <p>Threads: a port and its operations are confined to one loop. Not here: the stores themselves (sub-packages).
 */
@NullMarked
package org.kiobd.store;

import org.jspecify.annotations.NullMarked;
