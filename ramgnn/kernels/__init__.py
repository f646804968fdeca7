"""Speed, behind one door: everything in here computes what a plain function elsewhere says, faster or in less memory.

What a kernel computes can be understood from its plain version; a test compares both in value and in gradient. The
front passes two things on that are made here: `neighbours.SampledNeighbours` and `pairs.PositiveSampler`.

=================  ==================================================  ==============================================
kernel             what it computes                                    the plain version
=================  ==================================================  ==============================================
windows            the k nearest neighbours, without a list of edges   `ramgnn.sampler.nearest_neighbours`
window_loops       the same by loops, compiled                         `windows`
neighbours         the sampled neighbours as windows of sorted groups  `ramgnn.sampler.nearest_neighbours`
distances          sums and means of distances, from sorted scores     `ramgnn.sampler.distance`, added up edge by edge
pairs              pairs of neighbours, drawn from incidences          a draw among the rows of ``graph.edges()``
attention          Eq. 6–8 for any logits and messages, one row for    `ramgnn.encoder.RAMLayer.sum_over_edges`
                   each incidence instead of each edge
window_attention   the same in one piece, with its backward pass       `ramgnn.encoder.RAMLayer.sum_over_edges`
window_lists       its sums over windows, by lists                     a loop over heads and over their neighbours
sliding            the same sums as windows slide, compiled: two rows  the same, and `window_lists`
                   for each head, whatever k is
sliding_loops      the loops of `sliding`                              `window_lists`
losses             losses and their gradients, block by block          `ramgnn.losses`, and autograd
sums               sums over lists of different lengths                a loop
histories          RCF's lists and the attention on them, compiled     the same file, and `ramgnn.baselines.rcf`
walks              KGPolicy's logits of candidates, compiled           the same file, and `ramgnn.baselines.kgpolicy`
=================  ==================================================  ==============================================
"""
