// The floor for anything that classifies with these two libraries: importing them.
import 'onnxruntime-node';
import 'sharp';
