"""Photos with their boxes saved as a data set: Pascal VOC, YOLO or COCO, as labelling tools and trainings take them."""
