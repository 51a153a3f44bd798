package org.multipoint.internal.calibration;

import java.io.Externalizable;
import java.io.IOException;
import java.io.ObjectInput;
import java.io.ObjectOutput;

/** Stands for statistics in Java serialization: their own form is written in their place. */
public final class WireForm implements Externalizable {

    private static final long serialVersionUID = 1;

    /** Whose form it is. */
    private static final byte MOMENTS = 0;
    private static final byte RANGE = 1;

    private Object statistics;

    /** For deserialization. */
    public WireForm() {
    }

    static WireForm of(Object statistics) {
        WireForm form = new WireForm();
        form.statistics = statistics;
        return form;
    }

    @Override
    public void writeExternal(ObjectOutput out) throws IOException {
        if (statistics instanceof Moments moments) {
            out.writeByte(MOMENTS);
            moments.writeTo(out);
        } else {
            out.writeByte(RANGE);
            ((RangeStatistics) statistics).writeTo(out);
        }
    }

    @Override
    public void readExternal(ObjectInput in) throws IOException {
        statistics = in.readByte() == MOMENTS ? Moments.readFrom(in) : RangeStatistics.readFrom(in);
    }

    private Object readResolve() {
        return statistics;
    }
}
