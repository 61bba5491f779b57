package org.kiobd.raid;

import org.kiobd.raid.layout.StripeLayout;
import org.kiobd.volume.MemberRun;
import org.kiobd.volume.kiobuf.Payload;

/** RAID0: the bytes of the device are striped over the members, without redundancy. Immutable; any thread. */
final class Raid0Personality implements Personality {
    private final StripeLayout layout;

    Raid0Personality(StripeLayout layout) {
        this.layout = layout;
    }

    @Override
    public ChainMapper mapper(MemberIssuer issuer, ErrorAttribution errors) {
        return new Raid0Mapper(layout, issuer, errors);
    }

    @Override
    public MemberRun memberRun(long offsetBytes) {
        return new MemberRun(layout.member(offsetBytes), layout.runBytes(offsetBytes));
    }

    @Override
    public long deviceOffsetBytes(int member, long memberOffsetBytes) {
        return layout.deviceOffsetBytes(member, memberOffsetBytes);
    }

    @Override
    public long memberBytes(long deviceBytes) {
        return layout.memberBytes(deviceBytes);
    }

    /** Returns the form of the members: each byte goes to one member only. */
    @Override
    public Payload.Form preferredPayload(Payload.Form ofMembers) {
        return ofMembers;
    }
}
