package org.multipoint.internal.onnx;

import onnx.Onnx.AttributeProto;
import onnx.Onnx.AttributeProto.AttributeType;
import onnx.Onnx.GraphProto;
import onnx.Onnx.ModelProto;
import onnx.Onnx.NodeProto;
import onnx.Onnx.OperatorSetIdProto;
import onnx.Onnx.TensorProto;
import onnx.Onnx.TensorProto.DataType;
import onnx.Onnx.TensorShapeProto;
import onnx.Onnx.TypeProto;
import onnx.Onnx.ValueInfoProto;
import org.nd4j.shade.protobuf.ByteString;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.LongStream;
import java.util.stream.Stream;

/** An ONNX graph under construction: nodes in topological order, constants, inputs and outputs. Tensors are identified by name. */
public final class OnnxGraph {

    /** The first operator set that quantizes per channel; ONNX Runtime has supported it since 2020. */
    private static final int OPERATOR_SET = 13;
    private static final int IR_VERSION = 7;
    /** Name of the axis of examples, which may have any length. */
    public static final String BATCH = "N";

    private final GraphProto.Builder graph = GraphProto.newBuilder().setName("dl4j");
    private final Map<String, TensorProto> constants = new LinkedHashMap<>();

    /**
     * An input of floats.
     *
     * @param shape for one example; the first axis may have any length
     */
    public void input(String name, long[] shape) {
        graph.addInput(tensor(name, BATCH, shape));
    }

    public void input(ValueInfoProto same) {
        graph.addInput(same);
    }

    /**
     * An output of floats.
     *
     * @param shape for one example
     */
    public void output(String name, long[] shape) {
        graph.addOutput(tensor(name, shape[0] == 1 ? BATCH : name + "/0", shape));
    }

    public void output(ValueInfoProto same) {
        graph.addOutput(same);
    }

    private static ValueInfoProto tensor(String name, String examples, long[] shape) {
        TensorShapeProto.Builder axes = TensorShapeProto.newBuilder().addDim(TensorShapeProto.Dimension.newBuilder().setDimParam(examples))
                .addAllDim(LongStream.of(shape).skip(1).mapToObj(d -> TensorShapeProto.Dimension.newBuilder().setDimValue(d).build()).toList());
        return ValueInfoProto.newBuilder().setName(name).setType(TypeProto.newBuilder().setTensorType(
                TypeProto.Tensor.newBuilder().setElemType(DataType.FLOAT_VALUE).setShape(axes))).build();
    }

    /**
     * A node with one output. Nodes have no names of their own: ONNX Runtime 1.23 sometimes gives a node that it makes of another one the
     * same name, and then refuses both.
     */
    public void node(String op, String output, List<String> inputs, AttributeProto... attributes) {
        node(NodeProto.newBuilder().setOpType(op).addAllInput(inputs).addOutput(output).addAllAttribute(List.of(attributes)).build());
    }

    public void node(NodeProto node) {
        graph.addNode(node);
    }

    /** A copy with the outputs of all nodes as outputs. */
    public OnnxGraph withAllOutputs() {
        OnnxGraph copy = new OnnxGraph();
        copy.constants.putAll(constants);
        copy.graph.mergeFrom(graph.build()).clearOutput();
        nodes().forEach(n -> copy.graph.addOutput(ValueInfoProto.newBuilder().setName(n.getOutput(0))
                .setType(TypeProto.newBuilder().setTensorType(TypeProto.Tensor.newBuilder().setElemType(DataType.FLOAT_VALUE)))));
        return copy;
    }

    public static AttributeProto attribute(String name, long value) {
        return AttributeProto.newBuilder().setName(name).setType(AttributeType.INT).setI(value).build();
    }

    public static AttributeProto attribute(String name, float value) {
        return AttributeProto.newBuilder().setName(name).setType(AttributeType.FLOAT).setF(value).build();
    }

    public static AttributeProto attribute(String name, String value) {
        return AttributeProto.newBuilder().setName(name).setType(AttributeType.STRING).setS(ByteString.copyFromUtf8(value)).build();
    }

    public static AttributeProto attribute(String name, List<Long> values) {
        return AttributeProto.newBuilder().setName(name).setType(AttributeType.INTS).addAllInts(values).build();
    }

    /** A constant of floats; a shape of no axes is a scalar. Returns the name. */
    public String constant(String name, float[] values, long... shape) {
        ByteBuffer bytes = buffer(4 * values.length);
        bytes.asFloatBuffer().put(values);
        return constant(name, DataType.FLOAT, bytes, shape);
    }

    /** A constant of 32-bit integers. */
    public String constant(String name, int[] values, long... shape) {
        ByteBuffer bytes = buffer(4 * values.length);
        bytes.asIntBuffer().put(values);
        return constant(name, DataType.INT32, bytes, shape);
    }

    /** A constant of 64-bit integers. */
    public String constant(String name, long[] values, long... shape) {
        ByteBuffer bytes = buffer(8 * values.length);
        bytes.asLongBuffer().put(values);
        return constant(name, DataType.INT64, bytes, shape);
    }

    /** A constant of bytes. */
    public String constant(String name, byte[] values, boolean signed, long... shape) {
        return constant(name, signed ? DataType.INT8 : DataType.UINT8, ByteBuffer.wrap(values), shape);
    }

    private String constant(String name, DataType type, ByteBuffer values, long... shape) {
        constant(TensorProto.newBuilder().setName(name).setDataType(type.getNumber())
                .addAllDims(LongStream.of(shape).boxed().toList()).setRawData(ByteString.copyFrom(values)).build());
        return name;
    }

    public void constant(TensorProto tensor) {
        constants.put(tensor.getName(), tensor);
    }

    private static ByteBuffer buffer(int bytes) {
        return ByteBuffer.allocate(bytes).order(ByteOrder.LITTLE_ENDIAN);
    }

    /** Values of a constant of floats. */
    public float[] floats(String constant) {
        ByteBuffer bytes = constants.get(constant).getRawData().asReadOnlyByteBuffer().order(ByteOrder.LITTLE_ENDIAN);
        float[] values = new float[bytes.remaining() / 4];
        bytes.asFloatBuffer().get(values);
        return values;
    }

    /** Shape of a constant. */
    public long[] shape(String constant) {
        return constants.get(constant).getDimsList().stream().mapToLong(Long::longValue).toArray();
    }

    public Map<String, TensorProto> constants() {
        return constants;
    }

    /** Names of all tensors: inputs, constants and what nodes compute. */
    public List<String> tensors() {
        return Stream.of(inputs().stream().map(ValueInfoProto::getName), constants.keySet().stream(),
                nodes().stream().map(n -> n.getOutput(0))).flatMap(names -> names).toList();
    }

    public List<NodeProto> nodes() {
        return graph.getNodeList();
    }

    public List<ValueInfoProto> inputs() {
        return graph.getInputList();
    }

    public List<ValueInfoProto> outputs() {
        return graph.getOutputList();
    }

    /** The model file. */
    public byte[] toBytes() {
        return ModelProto.newBuilder().setIrVersion(IR_VERSION).setProducerName("dl4j-multipoint")
                .addOpsetImport(OperatorSetIdProto.newBuilder().setVersion(OPERATOR_SET))
                .setGraph(graph.clone().addAllInitializer(constants.values())).build().toByteArray();
    }
}
