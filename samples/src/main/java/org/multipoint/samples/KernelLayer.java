package org.multipoint.samples;

import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.graph.vertex.impl.LayerVertex;
import org.deeplearning4j.nn.layers.wrapper.BaseWrapperLayer;
import org.deeplearning4j.nn.workspace.ArrayType;
import org.deeplearning4j.nn.workspace.LayerWorkspaceMgr;
import org.multipoint.engine.Engine;
import org.multipoint.engine.Kernel;
import org.multipoint.walk.GraphWalk;
import org.multipoint.walk.LinearVertex;
import org.nd4j.linalg.api.ndarray.INDArray;

import java.util.List;

/** A layer of a network that stays in fp32, its linear operations run by an engine. */
final class KernelLayer extends BaseWrapperLayer {

    private final transient LinearVertex vertex;
    private final transient List<Kernel> kernels;

    private KernelLayer(LayerVertex layer, LinearVertex vertex, Engine engine) {
        super(layer.getLayer());
        this.vertex = vertex;
        kernels = vertex.stages().stream().map(s -> engine.floating(s.op(), s.weights(), s.bias())).toList();
    }

    /** Lets an engine run all convolutions and dense layers of a graph. */
    static void putInto(ComputationGraph graph, Engine engine) {
        new GraphWalk(graph).linear().forEach((name, linear) -> {
            LayerVertex vertex = (LayerVertex) graph.getVertex(name);
            vertex.setLayer(new KernelLayer(vertex, linear, engine));
        });
    }

    @Override
    public INDArray activate(boolean training, LayerWorkspaceMgr workspaces) {
        INDArray x = underlying.input();
        for (Kernel kernel : kernels) {
            x = kernel.apply(x);
        }
        return workspaces.leverageTo(ArrayType.ACTIVATIONS, vertex.activation().getActivation(x, false));
    }

    @Override
    public INDArray activate(INDArray input, boolean training, LayerWorkspaceMgr workspaces) {
        setInput(input, workspaces);
        return activate(training, workspaces);
    }
}
